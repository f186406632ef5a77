import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../../policy/decision.ts";
import { accessOf, lineOf } from "../../../../policy/effects/access.ts";
import { rowsOf } from "../../../../policy/effects/rows.ts";
import { edit, EXAMPLE, example, readSound } from "../example.ts";

/** `vitest run -u test/unit/policy/effects/access.test.ts` writes it anew: look at what changes. */
const SNAPSHOT = new URL("access.txt", import.meta.url).pathname;

const linesAfter = (from: string, to: string): readonly string[] =>
  accessOf(readSound(edit(EXAMPLE, from, to)));
const before = accessOf(example);
const changed = (after: readonly string[]): readonly string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
];

test("the example's access is the snapshot", async () => {
  await expect(`${before.join("\n")}\n`).toMatchFileSnapshot(SNAPSHOT);
});

test("lines are sorted and none is there twice", () => {
  expect(before).toEqual([...new Set(before)].toSorted());
  expect(readFileSync(SNAPSHOT, "utf8").trimEnd().split("\n")).toHaveLength(before.length);
});

describe("an edit that no test of the policy sees is a changed line", () => {
  const KUBE = "O=cluster-users client 12h backdate 5m keys ecdsa-p256,rsa-3072";
  test("another organisation", () =>
    expect(changed(linesAfter("o: cluster-users", "o: system:nodes-too"))).toEqual([
      `-any-of-users kube-user issue kubernetes CN=user:<user> ${KUBE}`,
      `+any-of-users kube-user issue kubernetes CN=user:<user> ${KUBE.replace("cluster-users", "system:nodes-too")}`,
    ]));

  test.each([
    ["a fact", "from: [ldap:hyades-oncall]", "from: [ldap:hyades-oncall, ldap:interns]", 1],
    ["a condition", ", also-in: [ldap:active]", "", 1],
    ["an address", "address: 10.18.60.23", "address: 10.18.60.99", 6],
    ["a lifetime", "lifetime: 12h, ext", "lifetime: 11h, ext", 2],
    ["keys", "keys: [ed25519, ed25519-sk, ecdsa-p256]", "keys: [ed25519]", 10],
    ["a backdate", "lifetime: 8h, max", "lifetime: 8h, backdate: 1m, max", 10],
    ["a network", '"2001:db8:9::/48"', '"2001:db8:a::/48"', 8],
    ["a reason", "lifetime: 1h, reason: required", "lifetime: 1h", 4],
    ["a choice", "may-choose: [ceph-ops, kube-ops]", "may-choose: [ceph-ops, db-ops]", 2],
    ["how many to choose", "choose-at-most: 1", "choose-at-most: 2", 2],
    ["a terminal", "extensions: [permit-pty, permit", "extensions: [permit", 2],
    [
      "a command",
      "principals: [root], lifetime",
      "principals: [root], force-command: uptime now, lifetime",
      4,
    ],
    ["a role of a node", "w3: { roles: [worker]", "w3: { roles: [ceph]", 7],
    [
      "roles to admit",
      "admit: [worker], token-lifetime: 15m",
      "admit: [worker], token-lifetime: 20m",
      2,
    ],
  ])("%s", (_, from, to, count) => {
    const lines = changed(linesAfter(from, to));
    expect(lines, lines.join("\n")).toHaveLength(count);
  });

  test.each([
    ["a comment", "# every node\n", "# each node\n"],
    ["a line", "people:     ", "\n\npeople:     "],
    [
      "an order",
      "to: [master, worker], issue: kubernetes, usage: client, cn: system:node",
      "to: [worker, master], issue: kubernetes, usage: client, cn: system:node",
    ],
    ["a spelling", "lifetime: 12h, ext", "lifetime: 720m, ext"],
  ])("not %s", (_, from, to) => expect(changed(linesAfter(from, to))).toEqual([]));
});

test("a name that is written somewhere does not stand for anybody's", () => {
  const lines = linesAfter("may-choose: [ceph-ops, kube-ops]", "may-choose: [u0, u1]");
  expect(lines).toContainEqual(
    expect.stringMatching(/^any-of-oncall ssh-oncall .* login <user> may-choose u0,u1 /),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^any-of-users ssh-login .* login <user> /));
});

test("nobody is two principals", () => {
  const two = "  both: { from: [kerberos:a@EXAMPLE.EDU], also-in: [kerberos:b@EXAMPLE.EDU] }\n";
  expect(changed(linesAfter("  oncall:      { from", `${two}  oncall:      { from`))).toEqual([
    "+people: both also-in kerberos:b@EXAMPLE.EDU",
    "+people: both from kerberos:a@EXAMPLE.EDU",
  ]);
});

test("ways into a group by which one gets less are told apart", () => {
  const payers =
    "  payers: { from: [ldap:hyades-users], also-in: [ldap:active] }\n  oncall:      { from";
  const rule =
    "  - { id: no-payers, who: { is: [payers] }, gets: { o: cluster-users } }\n  - { id: root-login,";
  const text = edit(edit(EXAMPLE, "  oncall:      { from", payers), "  - { id: root-login,", rule);
  const lines = accessOf(readSound(text)).filter((line) => line.includes(" kube-user "));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^any-of-users\(gitlab:hyades\/members\+ldap:active\) kube-user /);
});

/** The example with many more workers, one of them unlike the others. */
const large = (): Policy => {
  const more = Array.from(
    { length: 30 },
    (_, at) => `  x${at}: { roles: [worker], address: 10.18.61.${at} }\n`,
  );
  const odd = "  odd: { roles: [worker, supervisor], address: 10.18.61.99 }\n";
  return readSound(edit(EXAMPLE, "  c1: { roles", `${more.join("")}${odd}  c1: { roles`));
};

describe("what nobody feels now is told as well", () => {
  test.each([
    [
      "a role without nodes",
      edit(EXAMPLE, "roles: [master, worker,", "roles: [spare, master, worker,"),
      ["+role: spare has no nodes"],
    ],
    [
      "what it gets",
      edit(
        edit(EXAMPLE, "roles: [master, worker,", "roles: [spare, master, worker,"),
        "  # every node\n",
        "  extra: { to: spare, fetch: spare.key }\n  # every node\n",
      ),
      ["+grant: extra to spare fetch spare.key", "+role: spare has no nodes"],
    ],
    [
      "a rule",
      edit(EXAMPLE, "lifetime-over: 24h", "lifetime-over: 25h"),
      [
        "-never: people-short lifetime-over 1d is people",
        "+never: people-short lifetime-over 25h is people",
      ],
    ],
    [
      "how long a directory's answer is good",
      edit(EXAMPLE, "max-age: 5m", "max-age: 10m"),
      [
        "-directory: ldap max-age 5m when-unreachable deny",
        "+directory: ldap max-age 10m when-unreachable deny",
      ],
    ],
  ] as const)("%s", (_, text, lines) => expect(changed(accessOf(readSound(text)))).toEqual(lines));
});

describe("in a large cluster", () => {
  const policy = large();
  const lines = accessOf(policy);

  test("nodes that get the same share their lines", () => {
    expect(lines).toContain("x7 is every-worker at 10.18.61.7");
    expect(lines).toContain("odd is every-supervisor+worker at 10.18.61.99");
    expect(lines.filter((line) => line.startsWith("every-worker "))).toHaveLength(5);
    expect(lines.some((line) => line.startsWith("x7 kubelet"))).toBe(false);
  });

  test("nothing is lost: what is put back is every line of every node", () => {
    const expanded = [...policy.nodes.values()].flatMap((node) => {
      const kind = lines.find((line) => line.startsWith(`${node.name} is `))?.split(" ")[2] ?? "";
      return lines
        .filter((line) => line.startsWith(`${kind} `))
        .map((line) =>
          line
            .replace(kind, node.name)
            .replaceAll("<fqdn>", `${node.name}.hyades.example.edu`)
            .replaceAll("<address>", node.address ?? "")
            .replaceAll("<node>", node.name),
        );
    });
    const rows = rowsOf(policy, () => true).filter(({ who }) => who.kind === "node");
    expect(expanded.toSorted()).toEqual(rows.map(lineOf).toSorted());
  });

  test("a node that gets something else than others of its roles is apart from them", () => {
    const place = policy.cluster.place;
    const gets = [
      { kind: "matches", aspect: "cn", patterns: [{ kind: "exact", text: "system:node:x3" }] },
    ] as const;
    const who = { mode: "is", names: [{ text: "nodes", place }] } as const;
    const odd = accessOf({ ...policy, never: [{ id: "behind-the-check", who, gets, place }] });
    expect(odd).toContain("x3 is every-worker#2 at 10.18.61.3");
    expect(odd).toContain("x4 is every-worker at 10.18.61.4");
    expect(odd.some((line) => line.startsWith("every-worker#2 kubelet "))).toBe(false);
  });
});
