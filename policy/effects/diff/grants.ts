import { identitiesOf } from "../../membership.ts";
import type { Policy } from "../../decision.ts";
import type { Grant } from "../../model.ts";
import { definitionOf } from "../definition.ts";
import { wordFields } from "../wording.ts";
import { changeIn, gone, keysOf, type Change } from "./change.ts";
import type { Delta, Pair } from "./deltas.ts";
import { compareFields, without } from "./field-changes.ts";

/** Whom a change concerns that nobody in the policy feels: a role without nodes, a group that nobody can be in. */
const NOBODY = "nobody now";

/** Edits of grants that no delta shows. */
export function definitionChanges(
  { before, after }: Pair,
  deltas: readonly Delta[],
): readonly Change[] {
  const byGrant = Map.groupBy(deltas, ({ grant }) => grant.name);
  return keysOf(after.grants, before.grants).flatMap((name) => {
    const [old, now] = [before.grants.get(name), after.grants.get(name)];
    const shown = byGrant.get(name) ?? [];
    if (old !== undefined && now !== undefined)
      return changedDefinition({ before, after }, old, now, shown);
    const grant = now ?? old;
    if (grant === undefined || shown.length > 0) return [];
    return [now === undefined ? gone(wholeGrant(grant, "-")) : wholeGrant(grant, "+")];
  });
}

const wholeGrant = (grant: Grant, sign: "+" | "-"): Change =>
  changeIn("what they can get", sign, {
    what: NOBODY,
    grant: grant.name,
    text: `to ${recipientsOf(grant).join(", ")}  ${wordFields(definitionOf(grant), "  ", ["issue"])}`,
    place: grant.place,
  });

function changedDefinition(
  { before, after }: Pair,
  old: Grant,
  now: Grant,
  shown: readonly Delta[],
): readonly Change[] {
  const felt = new Set(shown.flatMap(({ fields }) => fields));
  const unfelt = compareFields(definitionOf(old), definitionOf(now)).filter(
    ({ name }) => !felt.has(name),
  );
  const added = without(recipientsOf(now), recipientsOf(old)).filter(
    (name) => !isFelt(after, shown, "+", name),
  );
  const lost = without(recipientsOf(old), recipientsOf(now)).filter(
    (name) => !isFelt(before, shown, "-", name),
  );
  const to = [...added.map((name) => `+${name}`), ...lost.map((name) => `-${name}`)];
  const texts = [
    ...(to.length > 0 ? [`to ${to.join(" ")}`] : []),
    ...unfelt.map(({ text }) => text),
  ];
  if (texts.length === 0) return [];
  const { name, place } = now;
  return [
    changeIn("what they can get", "~", {
      what: NOBODY,
      grant: name,
      text: texts.join("  "),
      place,
    }),
  ];
}

/** Whether a delta tells of somebody who is called so. */
const isFelt = (
  policy: Policy,
  shown: readonly Delta[],
  sign: Delta["sign"],
  name: string,
): boolean =>
  shown.some(
    (delta) => delta.sign === sign && identitiesOf(policy, delta.requester.subject).has(name),
  );

const recipientsOf = ({ to }: Grant): readonly string[] => to.names.map(({ text }) => text);
