import type { Policy } from "../decision.ts";
import type { Change } from "./diff/change.ts";
import { getsChanges } from "./diff/gets.ts";
import { limitChanges } from "./diff/limits.ts";
import { testChanges } from "./diff/tests.ts";
import { whoChanges } from "./diff/who.ts";

/**
 * Everything that an edit changes, in the order in which it is shown.
 *
 * Empty exactly when every request gets the same answer and the same certificate as before, and
 * every definition means the same: comments, spelling, line numbers and an order that means
 * nothing are no change.
 */
export function diff(before: Policy, after: Policy): readonly Change[] {
  const pair = { before, after };
  return [...whoChanges(pair), ...getsChanges(pair), ...limitChanges(pair), ...testChanges(pair)];
}
