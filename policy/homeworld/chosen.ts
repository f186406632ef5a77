import { GRANT_GROUPS, type GrantRow } from "./grants.ts";
import { KINDS, type Kind } from "./machines.ts";
import type { Setup } from "./setup.ts";

/** What a cluster has a use for: those with somebody to go to. */
export type Chosen = {
  readonly setup: Setup;
  readonly kinds: readonly Kind[];
  readonly grants: readonly GrantRow[];
};

/** Leaves out what would go to nobody: kinds without machines, and admins where there are none. */
export function choose(setup: Setup): Chosen {
  const kinds = KINDS.filter((kind) => setup.machines.some((machine) => machine.kind === kind));
  const hasTakers = ({ to }: GrantRow): boolean =>
    to === "admins" ? setup.admins.length > 0 : to.some((kind) => kinds.includes(kind));
  const grants = GRANT_GROUPS.flatMap((group) => group.grants).filter(hasTakers);
  return { setup, kinds, grants };
}
