import type { Policy } from "../../decision.ts";
import type { Grant } from "../../model.ts";
import { effectsOf, type Effect } from "../effect.ts";
import { fieldsOf, type FieldName } from "../fields.ts";
import { universeOf, type Requester } from "../universe.ts";
import { wordFields } from "../wording.ts";
import { samenessOf } from "./sameness.ts";
import { keysOf, type Change } from "./change.ts";
import { compareFields, type FieldChange } from "./field-changes.ts";

/** The policy before an edit and after it. */
export type Pair = { readonly before: Policy; readonly after: Policy };

/** One requester and one grant, and what an edit does to them. */
export type Delta = {
  readonly requester: Requester;
  /** The new one; of what is lost, the old one. */
  readonly grant: Grant;
  readonly sign: Change["sign"];
  readonly gains: boolean;
  readonly loses: boolean;
  /** In the requester's own words. */
  readonly text: string;
  /** The same with its values left open, equal for all who are concerned in the same way. */
  readonly openText: string;
  /** Fields that change. */
  readonly fields: readonly FieldName[];
};

/** What an authority says for all of its grants is told once, with the authority. */
const OF_AUTHORITY: readonly FieldName[] = ["backdate", "keys"];

/** Everything that anybody gains, loses or gets otherwise; both policies answer the same requesters. */
export function deltasOf({ before, after }: Pair): readonly Delta[] {
  const isSame = samenessOf({ before, after });
  return universeOf([before, after]).flatMap((requester) => {
    const isWanted = (grant: string): boolean => !isSame(requester, grant);
    const [old, now] = [
      effectsOf(before, requester, isWanted),
      effectsOf(after, requester, isWanted),
    ];
    return keysOf(now, old).flatMap((grant) => deltaOf(old.get(grant), now.get(grant)) ?? []);
  });
}

function deltaOf(old: Effect | undefined, now: Effect | undefined): Delta | undefined {
  if (old !== undefined && now !== undefined) return changedDelta(old, now);
  const effect = now ?? old;
  if (effect === undefined) return undefined;
  const text = (view: "open" | "closed"): string =>
    wordFields(fieldsOf(effect, view), "  ", [...OF_AUTHORITY, "issue"]);
  return {
    requester: effect.requester,
    grant: effect.grant,
    sign: now === undefined ? "-" : "+",
    gains: now !== undefined,
    loses: now === undefined,
    text: text("closed"),
    openText: text("open"),
    fields: [],
  };
}

function changedDelta(old: Effect, now: Effect): Delta | undefined {
  const closed = differences(old, now, "closed");
  if (closed.length === 0) return undefined;
  const open = differences(old, now, "open");
  const moved = closed.filter(({ name }) => open.every((other) => other.name !== name));
  return {
    requester: now.requester,
    grant: now.grant,
    sign: "~",
    gains: closed.some(({ gains }) => gains),
    loses: closed.some(({ loses }) => loses),
    text: closed.map(({ text }) => text).join("  "),
    openText: [
      ...open.map(({ text }) => text),
      ...moved.map(({ name }) => `${name} with the new ${movedVariables(old, now).join(", ")}`),
    ].join("  "),
    fields: closed.map(({ name }) => name),
  };
}

const differences = (old: Effect, now: Effect, view: "open" | "closed"): readonly FieldChange[] =>
  compareFields(fieldsOf(old, view), fieldsOf(now, view)).filter(
    ({ name }) => !OF_AUTHORITY.includes(name),
  );

/** The variables that stand for something else than before. */
const movedVariables = (old: Effect, now: Effect): readonly string[] =>
  Object.entries(now.bindings)
    .filter(([name, value]) =>
      Object.entries(old.bindings).every(([key, was]) => key !== name || was !== value),
    )
    .map(([name]) => `<${name}>`);
