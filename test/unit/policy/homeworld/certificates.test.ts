import { describe, expect, test } from "vitest";
import { decide } from "../../../../policy/decide.ts";
import type { IssuePlan, Subject } from "../../../../policy/decision.ts";
import { kerberos, node } from "../example.ts";
import { SETUP, takeOver } from "./setup-example.ts";

const { policy } = takeOver(SETUP);
const HOUR = 3600;
const DAY = 24 * HOUR;

/** A certificate of Homeworld, written down from its own table of grants (worldconfig/keyserver.go), as m1, w1, s1 and cela had it. */
type Homeworld = {
  readonly api: string;
  readonly who: Subject;
  readonly authority: string;
  /** For TLS; SSH certificates have principals alone. */
  readonly cn?: string;
  readonly o?: readonly string[];
  /** SANs, or principals. */
  readonly names?: readonly string[];
  /** Its "host" certificates were for servers and clients at once. */
  readonly host?: boolean;
  readonly life: number;
};

const [m1, w1, s1, cela] = [node("m1"), node("w1"), node("s1"), kerberos("cela/root@EXAMPLE.EDU")];
const own = (name: string, address: string) => [`${name}.hyades.example.edu`, name, address];
const [ofM1, ofW1, ofS1] = [
  own("m1", "10.18.60.11"),
  own("w1", "10.18.60.21"),
  own("s1", "10.18.60.40"),
];
const masters = ["system:masters"];
const members = ["system:nodes"];
const api = [
  "m1.hyades.example.edu",
  "m1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.hyades.local",
  "10.18.60.11",
  "172.28.0.1",
];
const kube = { authority: "kubernetes", life: 30 * DAY };

const TABLE: readonly Homeworld[] = [
  {
    api: "renew-keygrant",
    who: m1,
    authority: "keygranting",
    cn: "m1.hyades.example.edu",
    life: 40 * DAY,
  },
  {
    api: "renew-keygrant",
    who: w1,
    authority: "keygranting",
    cn: "w1.hyades.example.edu",
    life: 40 * DAY,
  },
  {
    api: "renew-keygrant",
    who: s1,
    authority: "keygranting",
    cn: "s1.hyades.example.edu",
    life: 40 * DAY,
  },
  { api: "grant-ssh-host", who: m1, authority: "ssh-host", names: ofM1, life: 60 * DAY },
  { api: "grant-ssh-host", who: w1, authority: "ssh-host", names: ofW1, life: 60 * DAY },
  { api: "grant-ssh-host", who: s1, authority: "ssh-host", names: ofS1, life: 60 * DAY },
  { api: "grant-kubernetes-master", who: m1, ...kube, cn: "apiserver:m1", names: api, host: true },
  {
    api: "grant-kubernetes-worker",
    who: m1,
    ...kube,
    cn: "system:node:m1",
    o: members,
    names: ofM1,
    host: true,
  },
  {
    api: "grant-kubernetes-worker",
    who: w1,
    ...kube,
    cn: "system:node:w1",
    o: members,
    names: ofW1,
    host: true,
  },
  { api: "grant-kubernetes-proxy", who: m1, ...kube, cn: "system:kube-proxy" },
  { api: "grant-kubernetes-proxy", who: w1, ...kube, cn: "system:kube-proxy" },
  { api: "grant-kubernetes-ctrl-mgr", who: m1, ...kube, cn: "system:kube-controller-manager" },
  { api: "grant-kubernetes-scheduler", who: m1, ...kube, cn: "system:kube-scheduler" },
  { api: "grant-kubernetes-supervisor", who: s1, ...kube, cn: "supervisor:s1", o: masters },
  {
    api: "grant-etcd-server",
    who: m1,
    authority: "etcd-server",
    cn: "etcd-server-m1",
    names: ofM1,
    host: true,
    life: 30 * DAY,
  },
  {
    api: "grant-etcd-client",
    who: m1,
    authority: "etcd-client",
    cn: "etcd-client-m1",
    names: ofM1,
    life: 30 * DAY,
  },
  {
    api: "grant-registry-host",
    who: s1,
    authority: "clusterca",
    cn: "homeworld-supervisor-s1",
    names: ["homeworld.private"],
    host: true,
    life: 30 * DAY,
  },
  { api: "access-ssh", who: cela, authority: "ssh-user", names: ["root"], life: 4 * HOUR },
  {
    api: "access-etcd",
    who: cela,
    authority: "etcd-client",
    cn: "temporary-etcd-grant-cela/root@EXAMPLE.EDU",
    life: 4 * HOUR,
  },
  {
    api: "access-kubernetes",
    who: cela,
    ...kube,
    cn: "root:cela/root@EXAMPLE.EDU",
    o: masters,
    life: 4 * HOUR,
  },
];

/** What a grant of Homeworld became; two where one certificate became one for servers and one for clients. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  "renew-keygrant": ["node-identity"],
  "grant-ssh-host": ["ssh-host"],
  "grant-kubernetes-master": ["kube-apiserver", "apiserver-to-kubelet"],
  "grant-kubernetes-worker": ["kubelet-serving", "kubelet"],
  "grant-kubernetes-proxy": ["kube-proxy"],
  "grant-kubernetes-ctrl-mgr": ["kube-controller-manager"],
  "grant-kubernetes-scheduler": ["kube-scheduler"],
  "grant-kubernetes-supervisor": ["kube-supervisor"],
  "grant-etcd-server": ["etcd-server"],
  "grant-etcd-client": ["etcd-client"],
  "grant-registry-host": ["registry"],
  "access-ssh": ["ssh-root"],
  "access-etcd": ["etcd-admin"],
  "access-kubernetes": ["kube-admin"],
};
const AUTHORITIES: Readonly<Record<string, string>> = {
  keygranting: "nodes",
  clusterca: "services",
};

const nameOf = (who: Subject): string =>
  who.kind === "node" ? who.node : who.kind === "person" ? (who.principal ?? "") : "root";

function planOf(who: Subject, grant: string): IssuePlan | undefined {
  const decision = decide(policy, who, { grant });
  return decision.verdict === "allow" && decision.plan.verb === "issue" ? decision.plan : undefined;
}

const namesOf = ({ content }: IssuePlan): readonly string[] =>
  (content.kind === "tls" ? [...content.dns, ...content.ip] : [...content.principals]).toSorted();

describe("the same certificates", () => {
  test.each(TABLE.map((row) => ({ ...row, name: nameOf(row.who) })))("$api of $name", (row) => {
    const plans = (GRANTS[row.api] ?? []).map((grant) => planOf(row.who, grant));
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      expect(plan?.authority).toBe(AUTHORITIES[row.authority] ?? row.authority);
      expect(plan?.lifetime).toBe(row.life);
      if (plan?.content.kind !== "tls") continue;
      expect([plan.content.cn, plan.content.o]).toEqual([row.cn, row.o ?? []]);
    }
    const [first] = plans;
    expect(first && namesOf(first)).toEqual([...(row.names ?? [])].toSorted());
    const usages = plans.flatMap((plan) =>
      plan?.content.kind === "tls" ? plan.content.usage : [],
    );
    const isTls = row.cn !== undefined;
    expect(usages.toSorted()).toEqual(
      isTls ? (row.host === true ? ["client", "server"] : ["client"]) : [],
    );
  });

  test("a certificate that is for servers alone, or clients alone, has a twin for the rest", () => {
    const both = (grant: string) => planOf(m1, grant)?.content;
    expect(both("kube-apiserver")).toMatchObject({ usage: ["server"] });
    expect(both("apiserver-to-kubelet")).toMatchObject({ usage: ["client"], dns: [], ip: [] });
  });

  test("SSH for admins is with a terminal and nothing else; hosts have no extensions", () => {
    expect(planOf(cela, "ssh-root")?.content).toMatchObject({
      kind: "ssh-user",
      extensions: ["permit-pty"],
      sourceAddress: [],
    });
    expect(planOf(w1, "ssh-host")?.content).toMatchObject({ kind: "ssh-host", extensions: [] });
  });
});

describe("nothing besides", () => {
  const named = new Set(Object.values(GRANTS).flat());
  test("every grant takes the place of one of Homeworld's, but for those without certificates", () => {
    const others = [...policy.grants.keys()].filter((grant) => !named.has(grant));
    expect(others).toEqual(["service-account-key", "admit", "operate"]);
  });

  /** Who is not in the table for a grant must not have it. */
  test.each(
    [...named].flatMap((grant) =>
      [m1, w1, s1, cela].map((who) => ({ grant, who, name: nameOf(who) })),
    ),
  )("$grant of $name is as the table says", ({ grant, who, name }) => {
    const isListed = TABLE.some(
      (row) => nameOf(row.who) === name && (GRANTS[row.api] ?? []).includes(grant),
    );
    expect(decide(policy, who, { grant }).verdict).toBe(isListed ? "allow" : "deny");
  });

  const strangers: readonly Subject[] = [
    kerberos("cela@EXAMPLE.EDU"),
    kerberos("cela/root@OTHER.EDU"),
    kerberos("CELA/root@EXAMPLE.EDU"),
    kerberos("cela/admin@EXAMPLE.EDU"),
    kerberos("host/s1.hyades.example.edu@EXAMPLE.EDU"),
    kerberos("metrics@NONEXISTENT.REALM.INVALID"),
    { kind: "person", user: "cela", in: [] },
    node("w9"),
  ];
  test.each(strangers.map((who) => ({ who, name: JSON.stringify(who) })))(
    "$name gets nothing",
    ({ who }) => {
      for (const grant of policy.grants.keys())
        expect(decide(policy, who, { grant, node: "w1" }).verdict, grant).toBe("deny");
    },
  );

  test.each([
    { grant: "kube-apiserver", who: m1, from: "10.18.60.12", why: "another machine's address" },
    { grant: "kube-admin", who: cela, lifetime: 4 * HOUR + 1, why: "longer than 4 h" },
    { grant: "kubelet", who: w1, lifetime: 30 * DAY + 1, why: "longer than 30 d" },
    { grant: "ssh-root", who: cela, choose: ["postgres"], why: "another account" },
  ])("$grant with $why is refused", ({ grant, who, why: _why, ...ask }) => {
    expect(decide(policy, who, { grant, ...ask }).verdict).toBe("deny");
  });

  test.each(["m1", "w1", "s1"])("root admins admit %s, and nobody else does", (name) => {
    expect(decide(policy, cela, { grant: "admit", node: name }).verdict).toBe("allow");
    expect(decide(policy, s1, { grant: "admit", node: name }).verdict).toBe("deny");
  });
});
