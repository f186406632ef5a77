/** What is counted of a generated policy. */
export type Size = { readonly nodes: number; readonly grants: number; readonly tests: number };

const ROLES = 20;
const TEAMS = 10;
/** One grant of so many goes to people. */
const PEOPLE = 5;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** A policy of a large cluster, without errors or warnings; the same for the same size. */
export function largePolicy({ nodes, grants, tests }: Size): string {
  return [
    HEAD,
    `roles: [${range(ROLES).map(roleAt).join(", ")}]`,
    "nodes:",
    ...range(nodes).map(
      (at) => `  n${at}: { roles: [${rolesOf(at).join(", ")}], address: ${addressAt(at)} }`,
    ),
    "people:",
    ...range(TEAMS).map((at) => `  team${at}: { from: [ldap:team${at}], also-in: [ldap:active] }`),
    "grants:",
    ...range(grants).map((at) => (isForPeople(at) ? peopleGrant(at) : nodeGrant(at))),
    NEVER,
    "tests:",
    ...range(tests).map((at) => testLine(at, nodes, at % grants)),
    "",
  ].join("\n");
}

const roleAt = (at: number): string => `role${at % ROLES}`;
const teamAt = (at: number): string => `team${at % TEAMS}`;
const isForPeople = (grant: number): boolean => grant % PEOPLE === 0;

/** Every seventh node has a second role. */
const rolesOf = (node: number): readonly string[] =>
  node % 7 === 0 ? [roleAt(node), roleAt(node + 1)] : [roleAt(node)];

const addressAt = (node: number): string =>
  `10.${18 + (node >> 16)}.${(node >> 8) & 0xff}.${node & 0xff}`;

/** Every third grant goes to two roles. */
const recipientsOf = (grant: number): readonly string[] =>
  grant % 3 === 0 ? [roleAt(grant), roleAt(grant + 7)] : [roleAt(grant)];

function nodeGrant(at: number): string {
  const head = `  g${at}: { to: [${recipientsOf(at).join(", ")}], issue:`;
  switch (at % 4) {
    case 0:
      return `${head} hosts, names: [<fqdn>, <node>, <address>] }`;
    case 1:
      return `${head} clients, usage: client, cn: client${at}-<node>, o: machines }`;
    default:
      return `${head} servers, usage: server, cn: s${at}-<node>, names: [<fqdn>, <node>, <address>, s${at}.<domain>] }`;
  }
}

function peopleGrant(at: number): string {
  const head = `  g${at}: { to: ${teamAt(at / PEOPLE)},`;
  switch (at % 4) {
    case 0:
      return `${head} issue: logins, principals: [<user>], may-choose: [app${at}, ops${at}], choose-at-most: 1, source-address: [offices] }`;
    case 1:
      return `${head} issue: clients, usage: client, cn: "p${at}:<user>", o: people, lifetime: 12h }`;
    case 2:
      return `${head} admit: [${roleAt(at)}], token-lifetime: 1h }`;
    default:
      return `${head} issue: logins, principals: [app${at}], lifetime: 4h, reason: required }`;
  }
}

function testLine(at: number, nodes: number, grant: number): string {
  const node = (at * 37) % nodes;
  if (isForPeople(grant)) {
    const admitted = grant % 4 === 2 ? `, node: n${node}` : "";
    return `  - { as: { user: alice, in: [ldap:${teamAt(grant / PEOPLE)}] }, ask: g${grant}${admitted}, expect: denied }`;
  }
  const isHeld = rolesOf(node).some((role) => recipientsOf(grant).includes(role));
  return `  - { as: n${node}, ask: g${grant}, expect: ${isHeld ? "allowed" : "denied"} }`;
}

const HEAD = `keysystem: policy/v1
cluster: { name: large, domain: large.test, realm: EXAMPLE.EDU, networks: { offices: [10.9.0.0/16] } }
directories: { ldap: { max-age: 5m, when-unreachable: deny } }
authorities:
  servers: { kind: tls, keys: [ecdsa-p256, rsa-3072], lifetime: 30d, max-lifetime: 35d }
  clients: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  hosts:   { kind: ssh-host, keys: [ed25519], lifetime: 60d, max-lifetime: 70d }
  logins:  { kind: ssh-user, keys: [ed25519, ecdsa-p256], lifetime: 8h, max-lifetime: 24h }`;

const NEVER = `never:
  - { id: root-login,    who: { is: [people] },        gets: { principal: root } }
  - { id: masters-group, who: { is: [people, nodes] }, gets: { o: system:masters } }
  - { id: system-names,  who: { is: [people] },        gets: { cn: "system:*" } }
  - { id: api-names,     who: { not: [role0] },        gets: { name: [kubernetes, "kubernetes.*", api.<domain>] } }
  - { id: people-short,  who: { is: [people] },        gets: { lifetime-over: 24h } }
  - { id: no-wildcard,   who: { is: [people, nodes] }, gets: { wildcard: true } }`;
