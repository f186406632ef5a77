import type { Place } from "../diagnostic.ts";
import type { Authority, Cluster } from "../model.ts";
import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";
import type { Bindings } from "../text/template.ts";
import { checkName, type Names } from "./reference.ts";
import { readList } from "./values.ts";

/** Everything that a section may refer to, whether or not it could be read itself. */
export type Declarations = {
  readonly cluster: Cluster | undefined;
  readonly constants: Bindings;
  readonly networks: Names;
  readonly directories: Names;
  /** The authorities that could be read. */
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly authorityNames: Names;
  readonly roles: Names;
  readonly nodes: Names;
  readonly people: Names;
  readonly grants: Names;
  readonly report: Report;
};

/** Words that `who` of a never rule understands beside roles and groups. */
export const EVERYONE = ["people", "nodes"] as const;

/** The keys of a map with their places; nothing for what is no map. */
export const namesOf = (tree: Tree | undefined): Names =>
  new Map(tree?.kind === "map" ? tree.entries.map(({ key }) => [key.text, key.place]) : []);

/** Reads `roles:`. */
export function readRoles(tree: Tree, report: Report): ReadonlyMap<string, Place> | undefined {
  const list = readList(tree, "roles", report);
  if (list === undefined) return undefined;
  const roles = new Map<string, Place>();
  for (const { text, place } of list) {
    checkName({ text, place }, "role", report);
    roles.set(text, place);
  }
  return roles;
}

/** A role and a people group of one name would make `to` ambiguous; so would one called `people`. */
export function checkClashes(roles: Names, people: MapTree | undefined, report: Report): void {
  for (const { key } of people?.entries ?? []) {
    const role = roles.get(key.text);
    if (role === undefined) continue;
    report.error("E204", key.place, `people group "${key.text}" has the name of a role`, {
      notes: [{ place: role, message: "the role is declared here" }],
      help: "rename one of them",
    });
  }
  for (const word of EVERYONE) {
    const place =
      roles.get(word) ?? people?.entries.find(({ key }) => key.text === word)?.key.place;
    if (place !== undefined) report.error("E204", place, `"${word}" already means all ${word}`);
  }
}
