import { EXIT } from "../../../protocol/exit-codes.ts";
import type { RefusedGrant } from "../../../protocol/messages.ts";
import { codeOf, KeysystemError } from "../../../protocol/problems.ts";
import { Failure } from "../../terminal/failure.ts";
import { explainProblem } from "./explain.ts";
import {
  describeMissing,
  isForNodes,
  nameOf,
  otherInstance,
  principalsLetIn,
} from "./people-words.ts";

/**
 * Why `subject` (`Grants.subject`) does not get a grant, who does, and what to type.
 *
 * Exit code 3; 4 where a directory that is silent stands between them.
 */
export function explainRefusal(subject: string, refused: RefusedGrant): Failure {
  const { problem, to = [], missing = [] } = refused;
  const code = codeOf(problem);
  if (code !== "policy.not_granted" || to.length === 0 || missing.length === 0) {
    return explainProblem(new KeysystemError(code, problem.detail ?? problem.title));
  }
  if (isForNodes(refused)) {
    const message = `denied: ${refused.grant} is for nodes: ${to.join(", ")}`;
    return new Failure(EXIT.denied, message, ["what you may get:  keyreq grants"]);
  }
  const own = nameOf(subject);
  const groups = to.join(" or ");
  const other = otherInstance(subject, missing);
  if (other !== undefined) {
    const message = `denied: ${own} is not in ${groups}; ${other} is`;
    return new Failure(EXIT.denied, message, [kinitAs(own, other)]);
  }
  const others = principalsLetIn(missing);
  const why =
    others === undefined
      ? `: ${describeMissing(missing)}`
      : `; ${others.join(" and ")} ${others.length === 1 ? "is" : "are"}`;
  const message = `denied: ${own} is not in ${groups}${why}`;
  return new Failure(EXIT.denied, message, [
    `more:  keyreq why ${refused.grant}      what you may get:  keyreq grants`,
  ]);
}

/**
 * Of several grants that are refused, the one to speak of: what a silent directory stands before,
 * what another principal of the person gets, then what lacks least, groups before people by name.
 */
export function nearestRefusal(
  subject: string,
  refused: readonly RefusedGrant[],
): RefusedGrant | undefined {
  const rank = (each: RefusedGrant): number => {
    const { problem, missing = [] } = each;
    if (isUndecided(each)) return 0;
    if (codeOf(problem) !== "policy.not_granted") return 1;
    if (otherInstance(subject, missing) !== undefined) return 2;
    return principalsLetIn(missing) === undefined ? 2 + missing.length : Infinity;
  };
  return refused.toSorted((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))))[0];
}

/** Whether nobody knows, since a directory does not answer. */
export const isUndecided = ({ problem }: RefusedGrant): boolean =>
  codeOf(problem) === "directory.unavailable";

/** Within the realm of the ticket at hand its name can be left out. */
function kinitAs(own: string, other: string): string {
  const realm = (principal: string): string => principal.slice(principal.indexOf("@"));
  const isSame = realm(own) === realm(other);
  return `kinit ${isSame ? other.slice(0, other.indexOf("@")) : other}`;
}
