import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../../policy/decide.ts";
import { KEY_KINDS, type Ask, type Subject } from "../../../policy/decision.ts";
import { grantsOf } from "../../../policy/grants.ts";
import { readPolicy } from "../../../policy/read.ts";
import { formatDiagnostic } from "../../../policy/render.ts";
import { runTests } from "../../../policy/tests.ts";
import { EXAMPLE, example } from "./example.ts";

const grants = fc.oneof(fc.constantFrom(...example.grants.keys()), fc.string());
const names = fc.oneof(fc.constantFrom("root", "cela", "alice", "m1", "w1"), fc.string());
const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());

const asks: fc.Arbitrary<Ask> = fc.record(
  {
    grant: grants,
    from: addresses,
    lifetime: fc.oneof(fc.integer(), fc.double()),
    choose: fc.array(fc.oneof(fc.constantFrom("ceph-ops", "kube-ops", "root"), fc.string())),
    reason: fc.string(),
    key: fc.constantFrom(...KEY_KINDS),
    node: names,
  },
  { requiredKeys: ["grant"] },
);

/** Facts that are none of the policy's, though some nearly are. */
const facts = new Set(
  [...example.people.values()].flatMap(({ from, alsoIn }) =>
    [...from, ...alsoIn].map(({ text }) => text),
  ),
);
const foreignFact = fc
  .oneof(
    fc
      .constantFrom(...facts)
      .chain((fact) =>
        fc.constantFrom(`${fact} `, fact.toUpperCase(), fact.slice(1), `${fact}@owner`),
      ),
    fc.string(),
  )
  .filter((fact) => !facts.has(fact));
const foreignPrincipal = fc
  .oneof(
    fc.constantFrom(
      "cela@EXAMPLE.EDU",
      "cela/root@EXAMPLE.EDU ",
      "cela/root@example.edu",
      "huy/root",
    ),
    fc.string(),
  )
  .filter((principal) => !facts.has(`kerberos:${principal}`));
const strangers: fc.Arbitrary<Subject> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("person" as const),
      principal: foreignPrincipal,
      user: names,
      in: fc.array(foreignFact),
    },
    { requiredKeys: ["kind", "in"] },
  ),
  fc.record({
    kind: fc.constant("node" as const),
    node: fc.string().filter((name) => !example.nodes.has(name)),
  }),
);

test("nobody without a matching fact is ever allowed", () => {
  const never = fc.property(strangers, asks, (subject, ask) => {
    expect(decide(example, subject, ask).verdict).toBe("deny");
    expect(grantsOf(example, subject).every(({ decision }) => decision.verdict === "deny")).toBe(
      true,
    );
  });
  fc.assert(never, { numRuns: 300 });
});

test("a node never gets more than its grants, or from elsewhere", () => {
  const nodes = fc.constantFrom(...example.nodes.values());
  const never = fc.property(nodes, asks, (asking, ask) => {
    const decision = decide(example, { kind: "node", node: asking.name }, ask);
    if (decision.verdict === "deny") return;
    const grant = example.grants.get(ask.grant);
    expect(grant?.to.names.some(({ text }) => asking.roles.includes(text))).toBe(true);
    if (ask.from !== undefined) expect(ask.from).toBe(asking.address);
    if (decision.plan.verb === "issue" && grant?.verb === "issue") {
      expect(decision.plan.lifetime).toBeLessThanOrEqual(grant.lifetime);
      expect(decision.plan.keys).toEqual(grant.authority.keys);
    }
  });
  fc.assert(never, { numRuns: 500 });
});

const users = fc.oneof(
  fc.constantFrom("root", "ceph-ops", "a,b", "*", ""),
  fc.string(),
  fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,31}$/),
);

test("no user name ever brings a reserved name or a character with a meaning", () => {
  const never = fc.property(users, fc.constantFrom("ssh-login", "kube-user"), (user, grant) => {
    const subject: Subject = { kind: "person", user, in: ["ldap:hyades-users", "ldap:active"] };
    const decision = decide(example, subject, { grant });
    if (decision.verdict === "deny" || decision.plan.verb !== "issue") return;
    const { content } = decision.plan;
    const given = content.kind === "tls" ? [content.cn] : content.principals;
    for (const text of given) expect(text).toMatch(/^(?:user:)?[a-z_][a-z0-9_.-]{0,31}$/);
    expect(given.some((text) => example.reserved.has(text) || text === "root")).toBe(false);
  });
  fc.assert(never, { numRuns: 500 });
});

const fragments = fc.constantFrom(
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "- ",
  "\n",
  "  ",
  "&a",
  "*a",
  "!!x",
  "<user>",
  "<",
  "\t",
  "\0",
  "'",
  '"',
  "#",
  "|",
  "---\n",
  "\ud800",
  "root",
  "0",
  "\u001f",
  "<<: ",
);

/** The example with a piece taken out and another put in. */
const edits = fc
  .tuple(fc.nat(EXAMPLE.length), fc.nat(40), fc.oneof(fragments, fc.string({ maxLength: 8 })))
  .map(([at, length, text]) => EXAMPLE.slice(0, at) + text + EXAMPLE.slice(at + length));

test("no edit of a policy makes reading, testing or printing throw", () => {
  const total = fc.property(edits, (text) => {
    const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
    const hasErrors = diagnostics.some(({ severity }) => severity === "error");
    expect(policy === undefined).toBe(hasErrors);
    for (const diagnostic of diagnostics)
      expect(formatDiagnostic(diagnostic, () => text)).toContain("policy.yaml:");
    if (policy !== undefined) runTests(policy);
  });
  fc.assert(total, { numRuns: 60 });
});

test("no text at all makes reading throw", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join("")),
    fc.json(),
  );
  const total = fc.property(texts, (text) => {
    const { policy, diagnostics } = readPolicy(text, { file: "p", include: () => text });
    expect(policy).toBeUndefined();
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const { place } of diagnostics)
      expect(Math.min(place.line, place.column, place.length)).toBeGreaterThan(0);
  });
  fc.assert(total, { numRuns: 150 });
});
