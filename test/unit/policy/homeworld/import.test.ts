import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../../policy/decide.ts";
import { formatPolicy } from "../../../../policy/format/format.ts";
import { readSetup } from "../../../../policy/homeworld/setup.ts";
import { readPolicy } from "../../../../policy/read.ts";
import { runTests } from "../../../../policy/tests.ts";
import { edit, kerberos, node } from "../example.ts";
import { SETUP, take, takeOver } from "./setup-example.ts";

/** Everything that `check --strict` and `fmt --check` would say of a text. */
function complaintsOf(text: string): readonly string[] {
  const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
  const failed =
    policy === undefined ? ["no policy"] : runTests(policy).filter((one) => !one.passed);
  return [...diagnostics, ...failed, ...(formatPolicy(text) === text ? [] : ["layout"])].map(
    (one) => JSON.stringify(one),
  );
}

describe("the policy", () => {
  test("passes check --strict and fmt --check, and has a test of every grant", () => {
    const { text, policy } = takeOver(SETUP);
    expect(complaintsOf(text)).toEqual([]);
    expect(policy.grants.size).toBe(19);
    expect(policy.never.length).toBe(9);
  });

  // After a change that is meant: vitest run -u, and read the difference.
  test("is written in exactly these words and columns", async () => {
    await expect(takeOver(SETUP).text).toMatchFileSnapshot("taken-over.txt");
  });

  test("is the same each time, whatever was not taken over", () => {
    const other = edit(edit(SETUP, "vlan: 612", "vlan: 1"), "deb.debian.org/debian", "mirror.test");
    expect(takeOver(other).text).toBe(takeOver(SETUP).text);
  });

  test("names the cluster after its internal domain", () => {
    expect(takeOver(SETUP).policy.cluster).toMatchObject({
      name: "hyades",
      domain: "hyades.example.edu",
      realm: "EXAMPLE.EDU",
    });
  });

  /** YAML would take each for something else than text where it stands without quotes. */
  test.each([
    ["hostname: w1", 'hostname: "null"'],
    ["hostname: w1", 'hostname: "true"'],
    ["hostname: w1", 'hostname: "0x7"'],
    ["hostname: w1", 'hostname: "1e3"'],
    ["internal-domain: hyades.local", 'internal-domain: "null"'],
    ["kerberos-realm: EXAMPLE.EDU", 'kerberos-realm: "1e3"'],
    ["172.28.0.0/16\n  service-api: 172.28.0.1", '"2001:db8::/64"\n  service-api: "2001:db8::"'],
    ["cela/root@EXAMPLE.EDU", '"-cela/root@EXAMPLE.EDU"'],
  ])("has %j as %j, in quotes", (from, to) => {
    expect(complaintsOf(takeOver(edit(SETUP, from, to)).text)).toEqual([]);
  });

  /** One word in a grant gave supervisors the kubelet's certificate once, and nothing showed it. */
  test.each([
    [
      "to: [master, worker]\n    issue: kubernetes\n    usage: client",
      "to: [master, worker, supervisor]\n    issue: kubernetes\n    usage: client",
    ],
    ["to: master\n    issue: etcd-client", "to: [master, worker]\n    issue: etcd-client"],
    ["cn: supervisor:<node>\n    o: system:masters", "cn: supervisor:<node>\n    o: system:nodes"],
    ["principals: [root], lifetime: 4h", "principals: [root], lifetime: 2h"],
    ["admit: [master, worker, supervisor]", "admit: [worker]"],
  ])("%j may not become %j unseen", (from, to) => {
    expect(complaintsOf(edit(takeOver(SETUP).text, from, to))).not.toEqual([]);
  });
});

describe("files of other ages and sizes", () => {
  const first = `cluster:
  external-domain: mit.edu
  internal-domain: hyades.local
  etcd-token: one
addresses:
  cidr-pods: 172.18.0.0/16
  cidr-services: 172.28.0.0/16
  service-api: 172.28.0.1
  service-dns: 172.28.0.2
dns-bootstrap:
  homeworld.mit.edu: 18.181.2.232
root-admins:
  - cela@ATHENA.MIT.EDU
nodes:
  - { hostname: eggs-benedict, ip: 18.181.0.97, kind: master }
  - { hostname: egg-sandwich, ip: 18.181.0.253, kind: supervisor }
`;

  test("without kerberos-realm and cidr-nodes, as the first had none", () => {
    const { text, policy } = takeOver(first);
    expect(complaintsOf(text)).toEqual([]);
    expect(policy.cluster.realm).toBe("ATHENA.MIT.EDU");
    expect(decide(policy, kerberos("cela@ATHENA.MIT.EDU"), { grant: "ssh-root" }).verdict).toBe(
      "allow",
    );
    expect(
      decide(policy, kerberos("cela/root@ATHENA.MIT.EDU"), { grant: "ssh-root" }).verdict,
    ).toBe("deny");
  });

  test("without admins nobody gets in but root on the master, and that is said", () => {
    const none = edit(first, "root-admins:\n  - cela@ATHENA.MIT.EDU", "root-admins: []");
    const { text, policy } = takeOver(none);
    expect(complaintsOf(text)).toEqual([]);
    expect([policy.people.size, policy.grants.has("admit")]).toEqual([0, false]);
    expect(decide(policy, { kind: "root" }, { grant: "ssh-root" }).verdict).toBe("deny");
    expect(take(none).left).toContain("12:14 root-admins");
  });

  test("a worker alone: authorities and roles that nobody needs are not there", () => {
    const lone = `${first.slice(0, first.indexOf("nodes:"))}nodes:\n  - { hostname: w, ip: 10.0.0.1, kind: worker }\n`;
    const { text, policy } = takeOver(lone);
    expect(complaintsOf(text)).toEqual([]);
    expect([...policy.roles.keys()]).toEqual(["worker"]);
    expect(policy.authorities.has("etcd-server")).toBe(false);
    expect(decide(policy, node("w"), { grant: "kube-supervisor" }).verdict).toBe("deny");
  });
});

const kind = fc.constantFrom("master", "worker", "supervisor");
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const realms = fc.constantFrom("EXAMPLE.EDU", "Example.Edu", "A.B");
const principal = fc
  .tuple(label, fc.constantFrom("", "/root", "/admin"), realms)
  .map((parts) => `${parts[0]}${parts[1]}@${parts[2]}`);
const machine = fc.record({ kind, isSix: fc.boolean() });

test(
  "whatever a sound file says, its policy passes check --strict and fmt --check",
  { timeout: 120_000 },
  () => {
    const machines = fc.array(machine, { minLength: 1, maxLength: 40 });
    const admins = fc.uniqueArray(principal, { maxLength: 32 });
    const property = fc.property(machines, admins, (list, names) => {
      const nodes = list.map((one, index) => {
        const ip = one.isSix ? `"2001:db8::${index + 1}"` : `10.0.0.${index + 1}`;
        return `  - { hostname: n${index}, ip: ${ip}, kind: ${one.kind} }`;
      });
      const text = `cluster: { external-domain: a.test, internal-domain: b.local }
addresses: { service-api: 10.9.0.1 }
root-admins: [${names.join(", ")}]
nodes:
${nodes.join("\n")}
`;
      expect(complaintsOf(takeOver(text).text)).toEqual([]);
    });
    fc.assert(property, { numRuns: 25, seed: 20_261_121 });
  },
);

const bytes = new TextEncoder().encode(SETUP);
const flipped = fc
  .tuple(fc.nat(bytes.length - 1), fc.nat(255))
  .map(([at, byte]) =>
    new TextDecoder().decode(bytes.map((old, index) => (index === at ? byte : old))),
  );
const moved = fc
  .tuple(fc.nat(SETUP.length), fc.nat(60), fc.nat(SETUP.length))
  .map(
    ([from, length, to]) => SETUP.slice(0, to) + SETUP.slice(from, from + length) + SETUP.slice(to),
  );
const values = [...SETUP.matchAll(/(?<=(?:: |- ))[^\s:]+$/gm)].map(({ index, 0: value }) => ({
  index,
  value,
}));
/** Any text stands, in quotes, where a value stood. */
const hostile = fc
  .tuple(
    fc.constantFrom(...values),
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.constantFrom(
        "a\n  evil: { to: worker, issue: nodes }",
        "x, y",
        "a]",
        "<node>",
        "<domain>",
        "*",
        "root",
        "kubernetes",
        "null",
        "1e3",
        "a # b",
      ),
    ),
  )
  .map(
    ([{ index, value }, text]) =>
      SETUP.slice(0, index) + JSON.stringify(text) + SETUP.slice(index + value.length),
  );

test(
  "no bytes make it throw; what it takes over passes, what it does not has an error",
  { timeout: 120_000 },
  () => {
    const input = fc.oneof(flipped, moved, hostile, fc.string({ unit: "binary", maxLength: 200 }));
    const grants = [...takeOver(SETUP).policy.grants.keys()];
    const property = fc.property(input, (text) => {
      const { setup, diagnostics } = readSetup(text, "setup.yaml");
      expect(setup === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
      const taken = take(text);
      expect(
        taken.messages.filter((message) => message.includes("E101") && setup !== undefined),
      ).toEqual([]);
      if (taken.text === undefined) expect(taken.messages).not.toEqual([]);
      else {
        expect(complaintsOf(taken.text)).toEqual([]);
        for (const grant of taken.policy?.grants.keys() ?? []) expect(grants).toContain(grant);
      }
    });
    fc.assert(property, { numRuns: 150, seed: 20_261_121 });
  },
);
