import fc from "fast-check";
import { stringify } from "yaml";

/**
 * Policies as plain objects, drawn from pools that are small enough for names to meet: the same role
 * in two grants, a person in two groups, a user whose name is somebody's account.
 */

/** Whatever YAML can hold. */
export type Value =
  string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
/** A policy before it is text; never rules and tests by names, so that two policies have some in common. */
export type Draft = { readonly [section: string]: { readonly [name: string]: Value } };

const REALM = "R.EXAMPLE";
/** What people can be members of. */
export const FACTS = ["ldap:a", "ldap:b", "gitlab:x/y"] as const;
/** Principals that a policy may name. */
export const PRINCIPALS = ["ann@R.EXAMPLE", "ann/root@R.EXAMPLE", "bob@OTHER.EXAMPLE"] as const;
/** Names that a node may have. */
export const NODES = ["n1", "n2", "n3", "n4"] as const;
/** Names that a grant may have. */
export const GRANTS = ["ga", "gb", "gc", "gd", "ge", "admit"] as const;
/** Accounts that a certificate may be for. */
export const LOGINS = ["root", "ops", "ann"] as const;
const ROLES = ["r1", "r2", "r3"] as const;
const GROUPS = ["p1", "p2", "p3"] as const;

const some = <T>(
  of: readonly T[],
  options: { readonly min?: number; readonly max?: number } = {},
) =>
  fc.shuffledSubarray([...of], {
    minLength: options.min ?? 1,
    maxLength: options.max ?? of.length,
  });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Leaves keys out whose value is undefined. */
const object = (fields: { readonly [key: string]: fc.Arbitrary<Value | undefined> }) =>
  fc.record(fields).map((record) => {
    const entries = Object.entries(record);
    return Object.fromEntries(
      entries.flatMap(([key, value]): [string, Value][] =>
        value === undefined ? [] : [[key, value]],
      ),
    );
  });

/** Each of these names or not. */
const named = (names: readonly string[], value: fc.Arbitrary<Value>, min = 0) =>
  some(names, { min }).chain((chosen) =>
    fc
      .tuple(...chosen.map(() => value))
      .map((values): { readonly [name: string]: Value } =>
        Object.fromEntries(chosen.map((name, index) => [name, values[index] ?? ""])),
      ),
  );

const shortSpan = fc.constantFrom("30m", "1h", "60m", "2h");
const longSpan = fc.constantFrom("1d", "24h", "2d", "10d");

const authority = (kind: string, keys: readonly string[]) =>
  object({
    kind: fc.constant(kind),
    keys: some(keys),
    lifetime: shortSpan,
    "max-lifetime": fc.option(longSpan, { nil: undefined, freq: 12 }),
    backdate: optional(fc.constantFrom("5m", "1m", "300s")),
  });

const KEYS = ["ecdsa-p256", "ed25519", "rsa-3072"];
const authorities = fc.record({
  t1: authority("tls", KEYS),
  t2: authority("tls", KEYS),
  h: authority("ssh-host", KEYS),
  u: authority("ssh-user", [...KEYS, "ed25519-sk"]),
});

const nodeRoles = some(ROLES, { max: 2 });
const inventory = fc
  .tuple(named(NODES, nodeRoles, 1), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
  .map(([nodes, hasAddress]) =>
    Object.fromEntries(
      Object.entries(nodes).map(([name, roles], index): [string, Value] => {
        const address = `10.1.0.${NODES.findIndex((known) => known === name) + 1}`;
        return [name, hasAddress[index] === true ? { roles, address } : { roles }];
      }),
    ),
  );

const ALL_FACTS = [...FACTS, ...PRINCIPALS.map((principal) => `kerberos:${principal}`)];
const group = object({
  from: some(ALL_FACTS, { max: 3 }),
  "also-in": optional(some([...FACTS, `kerberos:${PRINCIPALS[0]}`], { max: 1 })),
});

const limits = {
  lifetime: optional(shortSpan),
  "source-address": rarely(some(["net1", "net2"])),
  reason: rarely(fc.constant("required")),
};
const toRoles = some(ROLES, { max: 2 });
const toPeople = some(GROUPS, { max: 2 });

const nodeTls = object({
  ...limits,
  to: toRoles,
  issue: fc.constantFrom("t1", "t2"),
  usage: some(["server", "client"]),
  cn: fc.constantFrom("svc", "svc-<node>", "<fqdn>"),
  o: optional(some(["org", "org <node>"], { max: 2 })),
  names: some(["<fqdn>", "<node>", "api.<domain>", "10.9.9.9", "x.example", "*.x.example"]),
  wildcard: fc.constant(true),
});
const personTls = object({
  ...limits,
  to: toPeople,
  issue: fc.constantFrom("t1", "t2"),
  usage: fc.constant("client"),
  cn: fc.constantFrom("person", "<user>", "u:<user>", "<principal>"),
  o: optional(some(["org", "admins", "<user>"], { max: 2 })),
});
const hostKey = object({
  ...limits,
  to: toRoles,
  issue: fc.constant("h"),
  names: some(["<fqdn>", "<node>", "alias.<domain>"]),
});
/** How many may be chosen is said only where something may be. */
function withoutVainLimit(grant: { readonly [key: string]: Value }) {
  const { "choose-at-most": most, ...others } = grant;
  return grant["may-choose"] === undefined || most === undefined ? others : grant;
}
const login = object({
  ...limits,
  to: toPeople,
  issue: fc.constant("u"),
  principals: some(["<user>", ...LOGINS], { max: 2 }),
  "may-choose": optional(some(["ops", "deploy", "web"])),
  "choose-at-most": optional(fc.constantFrom(1, 2, 3)),
  extensions: optional(some(["permit-pty", "permit-agent-forwarding"])),
  "force-command": rarely(fc.constantFrom("true", "uptime")),
}).map(withoutVainLimit);
const file = object({
  to: fc.oneof(toRoles, toPeople),
  fetch: fc.constantFrom("one.key", "two.key"),
  reason: limits.reason,
  "source-address": limits["source-address"],
});
const admit = object({
  to: toPeople,
  admit: some(ROLES),
  "token-lifetime": optional(shortSpan),
  reason: limits.reason,
});
const operate = object({ to: toPeople, operate: some(["revoke", "audit", "apply"]) });

const RULES = ["never-one", "never-two", "never-three"];
const rule = object({
  who: fc.oneof(
    fc.record({ not: some([...GROUPS, ...ROLES]) }),
    fc.record({ is: some(["people", "nodes", ...GROUPS, ...ROLES], { max: 2 }) }),
  ),
  gets: fc.oneof(
    fc.record({ o: some(["admins", "secret", "sys*"], { max: 2 }) }),
    fc.record({ principal: some(["root", "daemon", "adm*"], { max: 2 }) }),
    fc.record({ name: some(["secret.example", "y.x.example", "deep.*"], { max: 2 }) }),
    fc.record({ cn: fc.constant("secret*"), issue: fc.constant("t1") }),
    fc.record({ "lifetime-over": fc.constantFrom("1h", "3h"), issue: fc.constant("t2") }),
    fc.record({ admit: some(ROLES, { max: 1 }) }),
    fc.record({ wildcard: fc.constant(true) }),
  ),
  because: optional(fc.constantFrom("it is so", "of the audit")),
});

const policyTest = fc.oneof(
  fc.record({
    as: fc.constant("n1"),
    ask: fc.constantFrom("ga", "gb"),
    expect: fc.constant("denied"),
  }),
  fc.record({
    as: fc.record({ user: fc.constant("ann"), in: some(FACTS) }),
    "holds-exactly": some(["ga", "gb", "admit"], { min: 1 }),
  }),
);

const network = (prefix: string) =>
  some([`10.${prefix}.0.0/16`, `10.${prefix}9.0.0/16`, `2001:db8:${prefix}::/48`], { max: 2 });

const loose: fc.Arbitrary<Draft> = fc.record({
  cluster: object({
    name: fc.constant("c"),
    domain: fc.constantFrom("d.example", "d.example", "e.example"),
    realm: fc.option(fc.constantFrom(REALM, "OTHER.EXAMPLE"), { nil: undefined, freq: 8 }),
    networks: fc.record({ net1: network("1"), net2: network("2") }),
  }),
  directories: fc.record({
    ldap: object({
      "max-age": fc.constantFrom("5m", "10m"),
      "when-unreachable": fc.constantFrom<Value[]>("deny", "deny", "deny", { "use-last": "1h" }),
    }),
    gitlab: object({ "max-age": fc.constantFrom("5m", "300s") }),
  }),
  authorities,
  nodes: inventory,
  people: fc.record({ p1: group, p2: group, p3: group }),
  grants: fc
    .tuple(
      named(
        ["ga", "gb", "gc", "gd", "ge"],
        fc.oneof(nodeTls, personTls, hostKey, login, file, admit, operate),
        1,
      ),
      admit,
    )
    .map(([grants, base]) => ({ ...grants, admit: base })),
  never: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 3, arbitrary: named(RULES, rule) },
  ),
  tests: named(["t1", "t2"], policyTest),
});

/** Drafts of policies, most of which pass their check. */
export const drafts: fc.Arbitrary<Draft> = loose.map((draft) => {
  const { tests = {}, grants = {}, nodes = {} } = draft;
  const known = new Set([...Object.keys(grants), ...Object.keys(nodes)]);
  const isSound = (test: Value): boolean => {
    const { as, ask, "holds-exactly": holds } = asObject(test);
    const names = [as, ask, ...(Array.isArray(holds) ? holds : [])];
    return names.every((name) => typeof name !== "string" || known.has(name));
  };
  return {
    ...draft,
    tests: Object.fromEntries(Object.entries(tests).filter(([, test]) => isSound(test))),
  };
});

/** The text of a draft. */
export const textOf = ({ never = {}, tests = {}, ...sections }: Draft): string =>
  stringify(
    {
      keysystem: "policy/v1",
      ...sections,
      roles: ROLES,
      never: Object.entries(never).map(([id, body]) => ({ id, ...asObject(body) })),
      tests: Object.values(tests),
    },
    { aliasDuplicateObjects: false, lineWidth: 0 },
  );

/** An object, or an empty one. */
export const asObject = (value: Value | undefined): { readonly [key: string]: Value } =>
  typeof value === "object" && !isList(value) ? value : {};

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
