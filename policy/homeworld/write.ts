import { AUTHORITIES } from "./authorities.ts";
import { choose, type Chosen } from "./chosen.ts";
import { GRANT_GROUPS, type GrantRow } from "./grants.ts";
import type { Kind } from "./machines.ts";
import type { Setup } from "./setup.ts";
import { writeTests } from "./write-tests.ts";
import { list, quoted, WIDTH, wrap } from "./yaml-text.ts";

const HEAD = [
  "# Taken over from a Homeworld setup.yaml; docs/from-homeworld.md says what differs.",
  "# check: keyserver policy check   preview: keyserver policy diff   activate: keyserver policy apply",
  "keysystem: policy/v1",
];

/** The policy that gives what Homeworld gave under `setup`, before its layout. `cluster` is the cluster's name. */
export function writePolicyText(setup: Setup, cluster: string): string {
  const chosen = choose(setup);
  return [
    HEAD,
    writeCluster(setup, cluster),
    writeAuthorities(chosen),
    [`roles: [${list(chosen.kinds)}]`],
    writeNodes(setup),
    writePeople(setup),
    writeGrants(chosen),
    writeNever(chosen),
    writeTests(chosen),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function writeCluster(setup: Setup, cluster: string): readonly string[] {
  const { domain, internalDomain, realm, nodeRange } = setup;
  return columns([
    ["cluster:", ""],
    [`  name: ${quoted(cluster)}`, ""],
    [`  domain: ${quoted(domain)}`, "external-domain; <fqdn> is <node>.<domain>"],
    [`  internal-domain: ${quoted(internalDomain)}`, ""],
    ...(realm === undefined ? [] : [[`  realm: ${quoted(realm)}`, ""] as const]),
    ...(nodeRange === undefined
      ? []
      : [[`  networks: { nodes: [${quoted(nodeRange)}] }`, "cidr-nodes"] as const]),
  ]);
}

function writeAuthorities({ grants }: Chosen): readonly string[] {
  const used = AUTHORITIES.filter(({ name }) => grants.some(({ issue }) => issue === name));
  const width = widest(used.map(({ name }) => name));
  const rows = used.map(
    ({ name, body, was }) =>
      [`  ${`${name}:`.padEnd(width + 1)} { ${body} }`, was === name ? "" : was] as const,
  );
  const head = "one CA each, with new keys; behind each, Homeworld's name of it";
  return [...columns([["authorities:", head]]), ...columns(rows)];
}

function writeNodes({ machines }: Setup): readonly string[] {
  const names = machines.map(({ name }) => quoted(name));
  const width = widest(names);
  const kindWidth = widest(machines.map(({ kind }) => kind));
  const rows = machines.map(({ kind, address }, index) => {
    const roles = `roles: [${kind}],`.padEnd(kindWidth + 10);
    return [
      `  ${`${names[index]}:`.padEnd(width + 1)} { ${roles} address: ${quoted(address)} }`,
      "",
    ] as const;
  });
  return columns([["nodes:", "only a machine named here can be admitted"], ...rows]);
}

function writePeople({ admins }: Setup): readonly string[] {
  if (admins.length === 0) return [];
  const from = admins.map(({ text }) => `kerberos:${text}`);
  return columns([
    ["people:", "principals are compared exactly: cela@R is not cela/root@R"],
    [wrap(`  root-admins: { from: [${list(from)}] }`, 6), ""],
  ]);
}

function writeGrants(chosen: Chosen): readonly string[] {
  const lines = ["grants:                                   # behind each, Homeworld's name of it"];
  for (const { heading, grants } of GRANT_GROUPS) {
    const rows = grants.filter((grant) => chosen.grants.includes(grant));
    if (rows.length === 0) continue;
    const width = widest(rows.map(({ name }) => name));
    lines.push(...(lines.length > 1 ? [""] : []), `  # ${heading}`);
    lines.push(...rows.flatMap((row) => writeGrant(row, width, chosen)));
  }
  return lines;
}

function writeGrant(
  { name, to, body, was }: GrantRow,
  width: number,
  { setup, kinds }: Chosen,
): readonly string[] {
  const takers = to === "admins" ? ["root-admins"] : to.filter((kind) => kinds.includes(kind));
  const goes = takers.length === 1 ? takers.join("") : `[${list(takers)}]`;
  const filled = body.replace("@KINDS@", list(kinds)).replace("@API@", quoted(setup.serviceApi));
  const line = `  ${`${name}:`.padEnd(width + 1)} { to: ${goes}, ${filled} }`;
  if (line.length <= WIDTH) return columns([[line, was]]);
  // At commas that stand in no list.
  const pairs = [`to: ${goes}`, ...filled.split(/, (?![^[]*\])/)];
  return [...columns([[`  ${name}:`, was]]), ...pairs.map((pair) => wrap(`    ${pair}`, 12))];
}

function writeNever({ setup, kinds, grants }: Chosen): readonly string[] {
  const besides = (...names: readonly (Kind | "root-admins")[]): string => {
    const there = names.filter((name) =>
      name === "root-admins" ? setup.admins.length > 0 : kinds.includes(name),
    );
    return there.length === 0 ? "is: [people, nodes]" : `not: [${list(there)}]`;
  };
  const etcd = ["etcd-server", "etcd-client"].filter((name) =>
    grants.some(({ issue }) => issue === name),
  );
  const rules: readonly (readonly [id: string, who: string, gets: string])[] = [
    ["root-login", besides("root-admins"), "principal: root"],
    ["masters-group", besides("root-admins", "supervisor"), "o: system:masters"],
    ["system-names", "is: [people]", 'cn: "system:*"'],
    ["api-names", besides("master"), 'name: [kubernetes, "kubernetes.*"]'],
    ["registry-name", besides("supervisor"), "name: homeworld.private"],
    ...(etcd.length === 0
      ? []
      : [["etcd-off-master", besides("master", "root-admins"), `issue: [${list(etcd)}]`] as const]),
    ["people-short", "is: [people]", "lifetime-over: 4h"],
    ["only-admins-admit", besides("root-admins"), `admit: [${list(kinds)}]`],
    ["no-wildcard", "is: [people, nodes]", "wildcard: true"],
  ];
  const idWidth = widest(rules.map(([id]) => id));
  const whoWidth = widest(rules.map(([, who]) => who));
  return columns([
    ["never:", "no grant, present or future, gets past these"],
    ...rules.map(([id, who, gets]) => {
      const first = `id: ${id},`.padEnd(idWidth + 5);
      return [
        `  - { ${first} who: ${`{ ${who} },`.padEnd(whoWidth + 5)} gets: { ${gets} } }`,
        "",
      ] as const;
    }),
  ]);
}

/** Remarks of neighbouring lines stand below each other, from column 43 at least. */
function columns(rows: readonly (readonly [line: string, remark: string])[]): readonly string[] {
  const short = rows.filter(([line, remark]) => remark !== "" && line.length < 110);
  const width = Math.max(42, widest(short.map(([line]) => line)) + 1);
  return rows.map(([line, remark]) =>
    remark === "" ? line : `${line.padEnd(width - 1)} # ${remark}`,
  );
}

const widest = (texts: readonly string[]): number =>
  Math.max(0, ...texts.map(({ length }) => length));
