import type { Policy } from "../../decision.ts";
import { identitiesOf } from "../../membership.ts";
import type { Grant } from "../../model.ts";
import { definitionOf } from "../definition.ts";
import { isSame } from "../diff/field-changes.ts";
import { fieldsOf, type Field, type View } from "../fields.ts";
import type { Row } from "../rows.ts";
import { wordFields } from "../wording.ts";

/** How the names of a row are printed. */
export type ViewOf = (row: Row) => View;

/**
 * A line for each grant of which the lines of those who get it do not say all: `grant: kubelet cn
 * system:node:<node>` where the nodes' lines have their own names, `to spare` where nobody is.
 *
 * With the rows as printed and these lines, every grant is known as it is defined: whoever has one
 * role or group alone shows whether a grant goes there, and a field shown as it is written is known.
 */
export function untoldLines(
  policy: Policy,
  rows: readonly Row[],
  viewOf: ViewOf,
): readonly string[] {
  const byGrant = Map.groupBy(rows, ({ effect }) => effect.grant.name);
  return [...policy.grants.values()].flatMap((grant) => {
    const own = byGrant.get(grant.name) ?? [];
    const parts = [
      ...untoldRecipients(policy, grant, own),
      ...untoldFields(grant, own, viewOf).map(wordWithName),
    ];
    return parts.length === 0 ? [] : [`grant: ${grant.name} ${parts.join(" ")}`];
  });
}

function untoldRecipients(policy: Policy, { to }: Grant, rows: readonly Row[]): readonly string[] {
  const told = new Set(
    rows.flatMap(({ who, effect }) => {
      if (who.kind === "group") return [who.group];
      const { subject } = effect.requester;
      const names = [...identitiesOf(policy, subject)].filter(
        (name) => policy.roles.has(name) || policy.people.has(name),
      );
      return names.length === 1 ? names : [];
    }),
  );
  const names = to.names.map(({ text }) => text).filter((name) => !told.has(name));
  return names.length === 0 ? [] : [`to ${names.toSorted().join(",")}`];
}

function untoldFields(grant: Grant, rows: readonly Row[], viewOf: ViewOf): readonly Field[] {
  const shown = rows.map((row) => fieldsOf(row.effect, viewOf(row)));
  return definitionOf(grant).filter(({ name, values }) =>
    shown.every((fields) => {
      const field = fields.find((one) => one.name === name);
      return field === undefined || !isSame(field.values.toSorted(), values);
    }),
  );
}

const wordWithName = (field: Field): string => wordFields([field], " ");
