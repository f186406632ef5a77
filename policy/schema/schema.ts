import { AUTHORITY_KINDS, KEY_KINDS } from "../decision.ts";
import { AUTHORITY_SHAPE } from "../sections/authorities.ts";
import { CLUSTER_SHAPE } from "../sections/cluster.ts";
import { DIRECTORIES, DIRECTORY_SHAPE } from "../sections/directories.ts";
import type { Shape } from "../sections/fields.ts";
import { ISSUE_SHAPES } from "../sections/issue-grant.ts";
import { GETS_SHAPE, NEVER_SHAPE, WHO_SHAPE } from "../sections/never.ts";
import { NODE_SHAPE } from "../sections/nodes.ts";
import { ACTIONS, ADMIT_SHAPE, FETCH_SHAPE, OPERATE_SHAPE } from "../sections/other-grants.ts";
import { PEOPLE_SHAPE } from "../sections/people.ts";
import { POLICY_SHAPE } from "../sections/policy.ts";
import { RECOVER_SHAPE } from "../sections/recover.ts";
import { EXTENSIONS } from "../sections/ssh-grant.ts";
import { EXPECTED_FIELDS, PERSON_SHAPE, TEST_SHAPE } from "../sections/tests.ts";
import { USAGES } from "../sections/tls-grant.ts";
import { BOOLEAN, byName, DURATION, oneOrMore, TEXT, word, type Schema } from "./values.ts";

/**
 * A JSON Schema (2020-12) of the policy file, for completion in editors.
 *
 * It has every key that the reader knows, from the reader's own tables. What refers to something,
 * and what a value may be beyond its form, `policy check` says.
 */
export const policySchema = (): Schema => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "keysystem policy",
  ...section(POLICY_SHAPE, {
    keysystem: word("policy/v1"),
    include: TEXT,
    cluster: section(CLUSTER_SHAPE, {
      name: TEXT,
      domain: TEXT,
      "internal-domain": TEXT,
      realm: TEXT,
      networks: byName(NAMES),
    }),
    directories: {
      type: "object",
      propertyNames: word(...DIRECTORIES),
      additionalProperties: DIRECTORY,
    },
    authorities: byName(AUTHORITY),
    roles: NAMES,
    nodes: byName(section(NODE_SHAPE, { roles: NAMES, address: TEXT })),
    people: byName(section(PEOPLE_SHAPE, { from: NAMES, "also-in": NAMES })),
    grants: byName({ anyOf: grants() }),
    never: { type: "array", items: NEVER },
    tests: { type: "array", items: TEST },
  }),
});

/** A mapping with the keys of a shape; leaving one out, or making one up, does not compile. */
const section = <Key extends string>(
  shape: Shape<Key>,
  properties: Readonly<Record<Key, Schema>>,
): Schema => ({
  type: "object",
  properties,
  required: Object.entries(shape).flatMap(([key, presence]) =>
    presence === "required" ? [key] : [],
  ),
  additionalProperties: false,
});

const NAMES = oneOrMore(TEXT);

/** A mapping with this key, whatever else is said of it. */
const has = (key: string): Schema => ({
  type: "object",
  properties: { [key]: true },
  required: [key],
});

const DIRECTORY = section(DIRECTORY_SHAPE, {
  "max-age": DURATION,
  "when-unreachable": {
    anyOf: [word("deny"), section({ "use-last": "required" }, { "use-last": DURATION })],
  },
});

const AUTHORITY = section(AUTHORITY_SHAPE, {
  kind: word(...AUTHORITY_KINDS),
  keys: oneOrMore(word(...KEY_KINDS)),
  lifetime: DURATION,
  "max-lifetime": DURATION,
  backdate: DURATION,
});

const HEAD = { to: NAMES, "source-address": NAMES, reason: word("required") };
const ISSUE = { ...HEAD, issue: TEXT, lifetime: DURATION };

const CLIENT = word("client");
/** Clients of today take no server by its common name (RFC 9525 §2). */
const NAMED_OR_CLIENT: readonly Schema[] = [
  has("names"),
  { type: "object", properties: { usage: oneOrMore(CLIENT) } },
];

function grants(): readonly Schema[] {
  const tls = {
    usage: oneOrMore(word(...USAGES)),
    cn: TEXT,
    o: NAMES,
    names: NAMES,
    wildcard: BOOLEAN,
    recover: section(RECOVER_SHAPE, {
      within: DURATION,
      times: { type: "integer", minimum: 1, maximum: 32 },
    }),
  };
  const person = {
    principals: NAMES,
    "may-choose": NAMES,
    "choose-at-most": { type: "integer", minimum: 1, maximum: 32 },
    extensions: oneOrMore(word(...EXTENSIONS)),
    "force-command": TEXT,
  };
  return [
    { ...section(ISSUE_SHAPES.tls, { ...ISSUE, ...tls }), anyOf: NAMED_OR_CLIENT },
    section(ISSUE_SHAPES["ssh-host"], { ...ISSUE, names: NAMES }),
    {
      ...section(ISSUE_SHAPES["ssh-user"], { ...ISSUE, ...person }),
      dependentRequired: { "choose-at-most": ["may-choose"] },
    },
    section(FETCH_SHAPE, { ...HEAD, fetch: TEXT }),
    section(ADMIT_SHAPE, { ...HEAD, admit: NAMES, "token-lifetime": DURATION }),
    section(OPERATE_SHAPE, { ...HEAD, operate: oneOrMore(word(...ACTIONS)) }),
  ];
}

const NEVER = section(NEVER_SHAPE, {
  id: TEXT,
  who: { ...section(WHO_SHAPE, { is: NAMES, not: NAMES }), minProperties: 1, maxProperties: 1 },
  gets: {
    ...section(GETS_SHAPE, {
      principal: NAMES,
      cn: NAMES,
      o: NAMES,
      name: NAMES,
      issue: NAMES,
      fetch: NAMES,
      admit: NAMES,
      operate: NAMES,
      "lifetime-over": DURATION,
      wildcard: { const: true },
    }),
    minProperties: 1,
  },
  because: TEXT,
});

const EXPECTED = section(EXPECTED_FIELDS, {
  principals: NAMES,
  lifetime: DURATION,
  cn: NAMES,
  o: NAMES,
  names: NAMES,
  usage: NAMES,
  extensions: NAMES,
  "source-address": NAMES,
  file: NAMES,
});

/** Keys of a request, which a list of all grants has none of. */
const OF_REQUEST = ["ask", "from", "choose", "lifetime", "node", "expect"] as const;

const TEST = {
  ...section(TEST_SHAPE, {
    as: { anyOf: [TEXT, section(PERSON_SHAPE, { user: TEXT, principal: TEXT, in: NAMES })] },
    ask: TEXT,
    from: TEXT,
    choose: NAMES,
    lifetime: DURATION,
    node: TEXT,
    expect: { anyOf: [word("allowed", "denied"), { ...EXPECTED, minProperties: 1 }] },
    "holds-exactly": oneOrMore(TEXT, 0),
  }),
  anyOf: ["ask", "holds-exactly"].map(has),
  dependentRequired: { ask: ["expect"] },
  dependentSchemas: {
    "holds-exactly": {
      type: "object",
      properties: Object.fromEntries(OF_REQUEST.map((key) => [key, false])),
    },
  },
};
