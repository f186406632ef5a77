import { reservedNames } from "../check/reserved.ts";
import type { Place } from "../diagnostic.ts";
import type { Cluster, Directory, Model } from "../model.ts";
import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";
import type { Bindings } from "../text/template.ts";
import { readAuthorities } from "./authorities.ts";
import { readCluster } from "./cluster.ts";
import { checkClashes, namesOf, readRoles, type Declarations } from "./declarations.ts";
import { directoryNames, readDirectories } from "./directories.ts";
import { asMap, type Fields } from "./fields.ts";
import { readGrants } from "./grants.ts";
import { readInventory, type ReadOptions } from "./inventory.ts";
import { readNever } from "./never.ts";
import { readNodes } from "./nodes.ts";
import { readPeople } from "./people.ts";
import { readTests } from "./tests.ts";

/** The keys of a policy file. */
export const POLICY_SHAPE = {
  keysystem: "required",
  include: "optional",
  cluster: "required",
  directories: "optional",
  authorities: "required",
  roles: "optional",
  nodes: "optional",
  people: "optional",
  grants: "required",
  never: "optional",
  tests: "optional",
} as const;
type PolicyFields = Fields<keyof typeof POLICY_SHAPE>;

/** A policy whose cluster may have been unreadable; whole when nothing was reported. */
export type Sections = Omit<Model, "file" | "cluster"> & { readonly cluster: Cluster | undefined };

/** Reads every section, reporting what is wrong in each. */
export function readSections(
  fields: PolicyFields,
  options: ReadOptions,
  report: Report,
): Sections | undefined {
  const maps = readMaps(fields, options, report);
  if (maps === undefined) return undefined;
  const declared = declare(fields, maps, options.file, report);
  if (declared === undefined) return undefined;
  const [directoryTree, neverTree, testsTree] = [
    fields("directories"),
    fields("never"),
    fields("tests"),
  ];
  const directories = directoryTree
    ? readDirectories(directoryTree, report)
    : new Map<string, Directory>();
  const nodes = readNodes(maps.nodes, declared.roles, report);
  const people = readPeople(maps.people, declared.directories, report);
  const grants = readGrants(maps.grants, declared);
  const never = neverTree ? readNever(neverTree, declared) : [];
  const tests = testsTree ? readTests(testsTree, { ...declared, readable: grants }) : [];
  const reserved = reservedNames(grants.values(), never);
  const { cluster, authorities, roles } = declared;
  return {
    cluster,
    directories,
    authorities,
    roles,
    nodes,
    people,
    grants,
    never,
    tests,
    reserved,
  };
}

type Maps = Readonly<Record<"authorities" | "nodes" | "people" | "grants", MapTree>>;

/** Undefined when the inventory could not be read: every test of a node of it would fail as well. */
function readMaps(fields: PolicyFields, options: ReadOptions, report: Report): Maps | undefined {
  const map = (key: keyof Maps): MapTree => {
    const tree = fields(key);
    return (tree && asMap(tree, key, report)) ?? emptyMap(options.file);
  };
  const own = map("nodes");
  const includeTree = fields("include");
  const nodes = includeTree ? readInventory(includeTree, own, options, report) : own;
  if (nodes === undefined) return undefined;
  return { authorities: map("authorities"), nodes, people: map("people"), grants: map("grants") };
}

const startOf = (file: string): Place => ({ file, line: 1, column: 1, length: 1 });
const emptyMap = (file: string): MapTree => ({
  kind: "map",
  entries: [],
  source: "",
  place: startOf(file),
});

/**
 * Names are collected from every section first, so that one in error does not make others fail.
 * Without roles nearly every line would: that is said once.
 */
function declare(
  fields: PolicyFields,
  maps: Maps,
  file: string,
  report: Report,
): Declarations | undefined {
  const [clusterTree, roleTree] = [fields("cluster"), fields("roles")];
  const cluster = clusterTree && readCluster(clusterTree, startOf(file), report);
  const roles = roleTree ? readRoles(roleTree, report) : new Map<string, Place>();
  if (roles === undefined) return undefined;
  checkClashes(roles, maps.people, report);
  return {
    cluster,
    constants: constantsOf(cluster),
    networks: namesOf(networksOf(clusterTree)),
    directories: directoryNames(namesOf(fields("directories"))),
    authorities: readAuthorities(maps.authorities, report),
    authorityNames: namesOf(maps.authorities),
    roles,
    nodes: namesOf(maps.nodes),
    people: namesOf(maps.people),
    grants: namesOf(maps.grants),
    report,
  };
}

/** Where the cluster could not be read, stand-ins keep its mistake from being told once more for each name. */
function constantsOf(cluster: Cluster | undefined): Bindings {
  if (cluster === undefined) return { domain: "example", "internal-domain": "example" };
  const { domain, internalDomain } = cluster;
  return internalDomain === undefined ? { domain } : { domain, "internal-domain": internalDomain };
}

const networksOf = (cluster: Tree | undefined): Tree | undefined =>
  cluster?.kind === "map"
    ? cluster.entries.find(({ key }) => key.text === "networks")?.value
    : undefined;
