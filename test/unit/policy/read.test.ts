import { describe, expect, test } from "vitest";
import { readPolicy } from "../../../policy/read.ts";
import { formatDiagnostic } from "../../../policy/render.ts";
import { runTests } from "../../../policy/tests.ts";
import { BOMBS } from "../../harness/policy-bombs.ts";
import { EXAMPLE, edit, example, messagesOf, readSound } from "./example.ts";

describe("the example", () => {
  test("is accepted without a word", () => {
    expect(messagesOf(EXAMPLE)).toEqual([]);
  });

  test("passes its 17 tests", () => {
    expect(runTests(example).map(({ passed }) => passed)).toEqual(
      Array.from({ length: 17 }, () => true),
    );
  });

  test("is read whole", () => {
    const { authorities, nodes, roles, people, grants, never } = example;
    expect([
      authorities.size,
      nodes.size,
      roles.size,
      people.size,
      grants.size,
      never.length,
    ]).toEqual([9, 10, 4, 3, 28, 8]);
  });

  test("keeps the place of every part", () => {
    const lines = EXAMPLE.split("\n");
    for (const { name, place } of [
      ...example.grants.values(),
      ...example.nodes.values(),
      ...example.people.values(),
    ])
      expect(lines[place.line - 1]?.slice(place.column - 1)).toMatch(new RegExp(`^${name}:`));
  });

  test("may have CRLF at the end of lines, and a mark at its beginning", () => {
    expect(messagesOf(EXAMPLE.replaceAll("\n", "\r\n"))).toEqual([]);
    expect(messagesOf(`\ufeff${EXAMPLE}`)).toEqual([]);
  });
});

describe("an included file", () => {
  const including = edit(EXAMPLE, "roles: [master,", "include: inventory.yaml\nroles: [master,");
  const read = (inventory: string) =>
    readPolicy(including, { file: "policy.yaml", include: () => inventory });
  const firstOf = (inventory: string): string => {
    const [first] = read(inventory).diagnostics;
    return first === undefined
      ? ""
      : formatDiagnostic(first, (file) => (file === "inventory.yaml" ? inventory : including));
  };

  test("adds nodes", () => {
    const policy = readSound(
      including,
      () => "nodes:\n  w4: { roles: [worker], address: 10.18.60.24 }",
    );
    expect(policy.nodes.get("w4")).toMatchObject({
      roles: ["worker"],
      address: "10.18.60.24",
      place: { file: "inventory.yaml", line: 2 },
    });
  });

  test.each([
    [
      "a grant",
      "grants: {}\nnodes:\n  w4: { roles: [worker] }",
      'inventory.yaml:1:1: error[E110]: unknown key "grants"',
    ],
    [
      "a node of the policy",
      "nodes:\n  w3: { roles: [master] }",
      'inventory.yaml:2:3: error[E102]: node "w3" is there twice',
    ],
    [
      "an address of the policy",
      "nodes:\n  w4: { roles: [worker], address: 10.18.60.23 }",
      "inventory.yaml:2:35: error[E305]",
    ],
    [
      "an unknown role",
      "nodes:\n  w4: { roles: [boss] }",
      'inventory.yaml:2:17: error[E201]: unknown role "boss"',
    ],
    ["nothing", "", "inventory.yaml:1:1: error[E111]"],
    ["an alias", "nodes: *x", "inventory.yaml:1:8: error[E103]"],
    [
      "another include",
      "include: x.yaml\nnodes:\n  w4: { roles: [worker] }",
      "inventory.yaml:1:1: error[E110]",
    ],
  ])("may not hold %s", (_, inventory, want) => {
    expect(firstOf(inventory)).toContain(want);
    expect(read(inventory).policy).toBeUndefined();
  });
});

describe("a bomb", () => {
  test.each([...BOMBS])("of %s is refused with one message", (_, text) => {
    const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
    expect(policy).toBeUndefined();
    expect(diagnostics).toHaveLength(1);
  });
});

test("a file full of mistakes gets no more than a hundred messages", () => {
  const nodes = Array.from({ length: 500 }, (_, index) => `  N${index}: { roles: [worker] }`).join(
    "\n",
  );
  const text = edit(EXAMPLE, "  m1: {", `${nodes}\n  m1: {`);
  expect(readPolicy(text, { file: "policy.yaml" }).diagnostics).toHaveLength(100);
});
