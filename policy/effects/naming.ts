import type { Policy } from "../decision.ts";
import type { Grant } from "../model.ts";

/** So many are called by their names, one by one. */
export const FEW = 3;

/** What all of these nodes are and no others: those to which a grant goes, or that have a role. */
export function everyNode(
  { nodes, roles }: Policy,
  names: readonly string[],
  { to }: Grant,
): string | undefined {
  const wanted = new Set(names);
  const isAll = (of: readonly string[]): boolean => {
    const all = [...nodes.values()].filter((node) => node.roles.some((role) => of.includes(role)));
    return all.length === wanted.size && all.every(({ name }) => wanted.has(name));
  };
  const recipients = to.names.map(({ text }) => text);
  if (isAll(recipients)) return `every ${recipients.join(", ")} (${wanted.size})`;
  const role = [...roles.keys()].find((one) => isAll([one]));
  return role && `every ${role} (${wanted.size})`;
}

/** The first few names, and how many more there are. */
export function nameSome(names: readonly string[]): string {
  const more = names.length - FEW;
  return `${names.slice(0, FEW).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
