/** A name, an edit of the example that is wrong, and every code that comes of it. */
export type WrongEdit = readonly [string, readonly [string, string], readonly string[]];

const RULES = "  - { id: root-login,";
/** Adds a never rule. */
export const rule = (text: string): readonly [string, string] => [RULES, `  - ${text}\n${RULES}`];
const GRANTS = "  # every node\n";
/** Adds a grant called `extra`. */
export const grant = (text: string): readonly [string, string] => [
  GRANTS,
  `  extra: ${text}\n${GRANTS}`,
];
const TESTS = "  - { as: w1, ask: etcd-client, expect: denied }";
/** Adds a test. */
export const policyTest = (text: string): readonly [string, string] => [
  TESTS,
  `  - ${text}\n${TESTS}`,
];
/** A node of the example. */
export const W1 = "w1: { roles: [worker],     address: 10.18.60.21 }";
/** Adds a node. */
export const spare = (name: string): readonly [string, string] => [
  W1,
  `${W1}\n  ${name}: { roles: [worker], address: 10.18.60.29 }`,
];
