import type { Grant, Model, PeopleGroup } from "../model.ts";
import type { Report } from "../report.ts";

/**
 * Refuses a policy that has people and lets none of them admit a node (E402).
 *
 * Where there are no people, root on the master admits; where there are, losing the last grant to
 * admit is a slip: nobody would notice before a machine has to be replaced.
 */
export function checkLockout(model: Model, report: Report): void {
  const [first] = model.people.values();
  const admitting = [...model.grants.values()].filter(({ verb }) => verb === "admit");
  const filled = new Set([...model.nodes.values()].flatMap(({ roles }) => roles));
  if (first === undefined || admitting.some((grant) => reachesSomebody(grant, model, filled)))
    return;
  const [vain] = admitting;
  report.error("E402", vain?.place ?? first.place, "nobody may admit a node", {
    label: vain === undefined ? "people, and no grant to admit" : "nobody can hold this grant",
    notes: (vain?.to.names ?? []).flatMap(({ text, place }) => [
      { place, message: `"${text}" can have no members` },
    ]),
    help: `give a grant to people that there are: { to: GROUP, admit: [${[...model.roles.keys()].join(", ")}] }`,
  });
}

/** `filled`: roles with nodes. */
function reachesSomebody({ to }: Grant, { people }: Model, filled: ReadonlySet<string>): boolean {
  return to.names.some(({ text }) => {
    const group = people.get(text);
    return group === undefined ? filled.has(text) : canHaveMembers(group);
  });
}

/** Nobody is two principals at once; what directories say cannot be known here. */
function canHaveMembers({ from, alsoIn }: PeopleGroup): boolean {
  const principals = new Set(alsoIn.map(({ text }) => text).filter(isPrincipal));
  const [only] = principals;
  if (only === undefined) return true;
  return principals.size === 1 && from.some(({ text }) => text === only || !isPrincipal(text));
}

const isPrincipal = (fact: string): boolean => fact.startsWith("kerberos:");
