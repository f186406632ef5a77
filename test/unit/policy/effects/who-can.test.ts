import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../../policy/decision.ts";
import { answersOf } from "../../../../policy/effects/answers.ts";
import { matrixOf } from "../../../../policy/effects/matrix.ts";
import { parseTerm } from "../../../../policy/effects/query.ts";
import { universeOf } from "../../../../policy/effects/universe.ts";
import { whoCan } from "../../../../policy/effects/who-can.ts";
import { readPolicy } from "../../../../policy/read.ts";
import { edit, EXAMPLE, example, readSound } from "../example.ts";
import { evaluateParsed } from "./plain-evaluator.ts";
import { drafts, GRANTS, textOf } from "./random-policy.ts";
import { plainSubject } from "./requests.ts";

const terms = (query: string) => query.split(" ").flatMap((text) => parseTerm(text) ?? []);
const who = (query: string, policy: Policy = example): readonly string[] =>
  answersOf(policy, whoCan(policy, terms(query))).map(
    ({ who: name, grant }) => `${name}: ${grant}`,
  );

const ADMINS = (grant: string): readonly string[] =>
  ["cela", "huy"].map((name) => `${name}/root@EXAMPLE.EDU: ${grant}`);
const of = (grant: string, ...nodes: readonly string[]): readonly string[] =>
  nodes.map((name) => `${name}: ${grant}`);

describe("who can", () => {
  test.each<readonly [string, readonly string[]]>([
    ["principal=root", ADMINS("ssh-root")],
    ["principal=daemon", []],
    [
      "principal=alice",
      ["any of oncall, as alice: ssh-oncall", "any of users, as alice: ssh-login"],
    ],
    ["principal=ceph-ops", ["any of oncall: ssh-oncall"]],
    ["principal=Alice", []],
    ["o=system:masters", ADMINS("kube-admin")],
    ["o=system:masters issue=nodes", []],
    ["o=system:masters issue=kubernetes", ADMINS("kube-admin")],
    ["cn=root:cela", [ADMINS("kube-admin")[0] ?? "", ADMINS("etcd-admin")[0] ?? ""]],
    ["cn=user:bob", ["any of users, as bob: kube-user"]],
    ["cn=user:root", []],
    ["cn=user:*", ["any of users: kube-user"]],
    ["cn=user:b*", ["any of users: kube-user"]],
    ["name=w3", of("ssh-host", "w3").concat(of("kubelet-serving", "w3"))],
    ["name=10.18.60.23", of("ssh-host", "w3").concat(of("kubelet-serving", "w3"))],
    ["name=a.s3.hyades.example.edu", of("ceph-rgw", "c1", "c2", "c3")],
    ["name=a.b.s3.hyades.example.edu", []],
    ["name=kubernetes.*", of("kube-apiserver", "m1", "m2", "m3")],
    ["issue=etcd-peer", of("etcd-peer", "m1", "m2", "m3")],
    ["fetch=service-account.key", of("service-account-key", "m1", "m2", "m3")],
    ["admit=worker", [...ADMINS("admit"), "any of oncall: admit-workers"]],
    ["admit=master", ADMINS("admit")],
    ["operate=apply", ADMINS("operate")],
    ["grant=ssh-login", ["any of users: ssh-login"]],
    ["grant=ssh-login principal=root", []],
  ])("%s", (query, expected) => expect(who(query).toSorted()).toEqual([...expected].toSorted()));

  test.each(["", "principal", "principal=", "=root", "user=root", "Principal=root"])(
    "%j is no question",
    (text) => expect(parseTerm(text)).toBeUndefined(),
  );

  test("a table has everything that counts", () =>
    expect(answersOf(example, whoCan(example, terms("grant=ssh-oncall")))).toMatchObject([
      {
        who: "any of oncall",
        through: "ldap:hyades-oncall and ldap:staff",
        grant: "ssh-oncall",
        place: { line: 86 },
        gets: "ssh-user  login <user>  may-choose ceph-ops,kube-ops  choose-at-most 1  extensions permit-pty",
        lifetime: "8h",
        from: "10.9.0.0/16,2001:db8:9::/48",
      },
    ]));

  test("many nodes share a line, and are all there", () => {
    const nodes = Array.from(
      { length: 30 },
      (_, at) => `  x${at}: { roles: [worker], address: 10.18.61.${at} }\n`,
    );
    const policy = readSound(edit(EXAMPLE, "  c1: { roles", `${nodes.join("")}  c1: { roles`));
    const [answer, ...more] = answersOf(policy, whoCan(policy, terms("grant=kubelet")));
    expect(more).toEqual([]);
    expect(answer).toMatchObject({
      who: "every master, worker (36)",
      gets: "kubernetes  CN=system:node:<node>  O=system:nodes  client",
    });
    expect(answer?.subjects).toHaveLength(36);
  });
});

test("who can have an account is whom a second reading gives it", () => {
  const property = fc.property(
    drafts,
    fc.constantFrom("root", "ops", "web", "ann", "zoe"),
    (draft, account) => {
      const text = textOf(draft);
      const { policy } = readPolicy(text, { file: "policy.yaml" });
      fc.pre(policy !== undefined);
      if (policy === undefined) return;
      const parsed = Object.fromEntries(Object.entries(parse(text)));
      const isGiven = (subject: Parameters<typeof plainSubject>[0], grant: string): boolean =>
        [[], [account]].some((choose) =>
          ["10.1.0.1", "10.2.0.9", "10.19.0.1", "10.29.0.1"].some((from) => {
            const answer = evaluateParsed(parsed, plainSubject(subject), {
              grant,
              from,
              choose,
              reason: "x",
            });
            const principals = answer?.["principal"];
            return Array.isArray(principals) && principals.includes(account);
          }),
        );
      const expected = universeOf([policy]).flatMap(({ subject }) => {
        const isAnybody = subject.kind === "person" && subject.user !== undefined;
        const called = isAnybody ? [subject, { ...subject, user: account }] : [subject];
        return GRANTS.filter((grant) => called.some((one) => isGiven(one, grant)));
      });
      const found = whoCan(policy, terms(`principal=${account}`)).map(
        ({ effect }) => effect.grant.name,
      );
      // A grant that only IPv6 networks may use is not asked for here.
      expect(new Set(found)).toEqual(
        new Set([...expected, ...found.filter((name) => isIpv6Only(policy, name))]),
      );
    },
  );
  fc.assert(property, { numRuns: 400 });
});

const isIpv6Only = ({ grants }: Policy, name: string): boolean => {
  const ranges = grants.get(name)?.sourceAddress ?? [];
  return ranges.length > 0 && ranges.every(({ text }) => text.includes(":"));
};

describe("the matrix", () => {
  const cells = (subject: string, policy: Policy = example): ReadonlyMap<string, string> => {
    const { grants, rows } = matrixOf(policy);
    const row = rows.find(({ who: name }) => name === subject);
    return new Map(grants.map((grant, index) => [grant, row?.cells[index] ?? "?"]));
  };

  test("has a row for each role and group", () =>
    expect(matrixOf(example).rows.map(({ who: name }) => name)).toEqual([
      "master",
      "worker",
      "supervisor",
      "ceph",
      "root-admins",
      "oncall",
      "users",
    ]));

  test.each([
    ["worker", "kubelet", "30d"],
    ["worker", "etcd-peer", "//"],
    ["worker", "registry", "."],
    ["master", "service-account-key", "yes"],
    ["ceph", "ceph-rgw", "30d"],
    ["worker", "ceph-rgw", "//"],
    ["users", "ssh-login", "12h"],
    ["users", "ssh-root", "//"],
    ["oncall", "admit-workers", "15m"],
    ["oncall", "admit", "//"],
    ["root-admins", "operate", "yes"],
  ])("%s, %s: %s", (subject, grant, cell) => expect(cells(subject).get(grant)).toBe(cell));

  test("what a rule forbids to some names is forbidden to a group", () => {
    const rule =
      '  - { id: no-c, who: { is: [oncall] }, gets: { cn: "user:c*" } }\n  - { id: root-login,';
    const policy = readSound(edit(EXAMPLE, "  - { id: root-login,", rule));
    expect(cells("oncall", policy).get("kube-user")).toBe("//");
    expect(cells("oncall").get("kube-user")).toBe(".");
  });

  test("nodes with several roles have a row, and a node that is forbidden something has its own", () => {
    const mixed = readSound(edit(EXAMPLE, "w3: { roles: [worker]", "w3: { roles: [worker, ceph]"));
    expect(cells("ceph+worker", mixed).get("kubelet")).toBe("30d");
    expect(cells("ceph+worker", mixed).get("ceph-rgw")).toBe("30d");
    expect(matrixOf(mixed).rows.map(({ who: name }) => name)).not.toContain("w3");
  });

  test("a role without nodes shows what it would give", () => {
    const spare = readSound(
      edit(
        edit(EXAMPLE, "supervisor, ceph]\n", "supervisor, ceph, spare]\n"),
        "registry:       { to: supervisor",
        "registry:       { to: [supervisor, spare]",
      ),
    );
    expect(cells("spare", spare).get("registry")).toBe("30d");
    expect(cells("spare", spare).get("kubelet")).toBe(".");
  });
});
