import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import {
  type PeopleCluster,
  type Person,
  PLACES,
  PRINCIPALS,
  startPeopleCluster,
} from "../harness/people.ts";
import { askGrants, askSsh, readResults, showSsh, showTls } from "../harness/people-requests.ts";
import { makeRequest } from "../harness/test-node.ts";

/** Who gets what of the example policy, by the tickets of a real KDC and the groups of a real directory. */

type Name = (typeof PRINCIPALS)[number];

const HOUR = 3600;
/** The authority's clock may be behind its clients' by as much; the end is not moved. */
const BACKDATE = 300;
const REASON = { reason: "OSD 12 will not start" };

let people: PeopleCluster;
const tickets = new Map<Name, Person>();

beforeAll(async () => {
  people = await startPeopleCluster();
  for (const name of PRINCIPALS) tickets.set(name, await people.person(name));
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
});

function ticketOf(name: Name): Person {
  const person = tickets.get(name);
  if (person === undefined) throw new TypeError(name);
  return person;
}

describe("GET /v1/grants", () => {
  const ADMIN = ["ssh-root", "kube-admin", "etcd-admin", "admit", "operate"];
  const USER = ["ssh-login", "kube-user"];

  test.each<readonly [Name, readonly string[], readonly string[]]>([
    ["cela/root@EXAMPLE.EDU", ["root-admins"], ADMIN],
    ["huy/root@EXAMPLE.EDU", ["root-admins"], ADMIN],
    ["alice@EXAMPLE.EDU", ["users"], USER],
    ["bob@EXAMPLE.EDU", ["oncall", "users"], ["ssh-oncall", ...USER, "admit-workers"]],
    // half of each group is nothing of it
    ["carol@EXAMPLE.EDU", [], []],
    // the same person without /root, and the name of a user in another realm
    ["cela@EXAMPLE.EDU", [], []],
    ["alice@OTHER.REALM", [], []],
  ])("%s is in %j", async (name, groups, offered) => {
    const { subject, groups: held, grants, refused } = await askGrants(people, ticketOf(name));
    expect(subject).toBe(`kerberos:${name}`);
    expect(held).toEqual(groups);
    expect(grants.map(({ grant }) => grant)).toEqual(offered);
    expect(refused.filter(({ grant }) => offered.includes(grant))).toEqual([]);
    expect(refused.length + offered.length).toBe(28);
  });

  test("a refusal says whose the grant is, and what of that is missing", async () => {
    const { refused, directories } = await askGrants(people, ticketOf("carol@EXAMPLE.EDU"));
    const about = (name: string) => refused.find(({ grant }) => grant === name);
    expect(about("ssh-oncall")).toMatchObject({
      to: ["oncall"],
      missing: ["ldap:hyades-oncall"],
      names: ["carol", "ceph-ops", "kube-ops"],
      kind: "ssh-user",
    });
    expect(about("ssh-root")).toMatchObject({
      to: ["root-admins"],
      missing: ["kerberos:cela/root@EXAMPLE.EDU or kerberos:huy/root@EXAMPLE.EDU"],
      names: ["root"],
    });
    expect(about("ssh-login")).toMatchObject({ names: ["carol"] });
    expect(about("admit")).toMatchObject({ verb: "admit", to: ["root-admins"] });
    expect(directories).toEqual([
      {
        directory: "ldap",
        state: "answered",
        age: expect.any(Number),
        groups: ["active", "staff"],
      },
      { directory: "gitlab", state: "not configured", detail: expect.any(String) },
    ]);
  });
});

describe("certificates", () => {
  const offices = "127.0.0.0/24,2001:db8:9::/48";

  test.each<readonly [Name, string, object, object]>([
    [
      "cela/root@EXAMPLE.EDU",
      "ssh-root",
      REASON,
      {
        principals: ["root"],
        critical: [`source-address ${offices},127.0.1.0/24`],
        extensions: ["permit-pty"],
        seconds: 4 * HOUR + BACKDATE,
      },
    ],
    [
      "bob@EXAMPLE.EDU",
      "ssh-oncall",
      { principals: ["ceph-ops"] },
      {
        principals: ["bob", "ceph-ops"],
        critical: [`source-address ${offices}`],
        extensions: ["permit-pty"],
        seconds: 8 * HOUR + BACKDATE,
      },
    ],
    [
      "bob@EXAMPLE.EDU",
      "ssh-oncall",
      {},
      {
        principals: ["bob"],
        critical: [`source-address ${offices}`],
        extensions: ["permit-pty"],
        seconds: 8 * HOUR + BACKDATE,
      },
    ],
    [
      "alice@EXAMPLE.EDU",
      "ssh-login",
      { lifetime: 600 },
      {
        principals: ["alice"],
        critical: [],
        extensions: ["permit-port-forwarding", "permit-pty"],
        seconds: 600 + BACKDATE,
      },
    ],
  ])("%s: %s %j", async (name, grant, fields, want) => {
    const { certificate = "", refusal } = await askSsh(people, ticketOf(name), {
      grant,
      ...fields,
    });
    expect(refusal).toBe("");
    expect(await showSsh(certificate)).toEqual({
      type: "ssh-ed25519-cert-v01@openssh.com user certificate",
      keyId: `kerberos:${name} ${grant}`,
      ...want,
    });
  });

  test.each<readonly [Name, string, object, string]>([
    ["cela/root@EXAMPLE.EDU", "kube-admin", REASON, "subject=CN=root:cela,O=system:masters"],
    ["cela/root@EXAMPLE.EDU", "etcd-admin", REASON, "subject=CN=root:cela"],
    ["alice@EXAMPLE.EDU", "kube-user", {}, "subject=CN=user:alice,O=cluster-users"],
    ["bob@EXAMPLE.EDU", "kube-user", {}, "subject=CN=user:bob,O=cluster-users"],
  ])("%s: %s", async (name, grant, fields, subject) => {
    const requests = [{ grant, csr: makeRequest().csr, ...fields }];
    const [result] = readResults(
      await people.ask(ticketOf(name), PATHS.certificates, { requests }),
    );
    const shown = await showTls(result?.certificate ?? "");
    const [first = "", ...rest] = shown.split("\n");
    expect(first).toBe(subject);
    const extensions = rest.map((line) => line.trim()).filter((line) => line !== "");
    expect(extensions).toContain("TLS Web Client Authentication");
    expect(shown).not.toMatch(/Server Auth|CA:TRUE|DNS:|IP Address:|email:|URI:/);
  });

  test.each<readonly [Name, object, string | undefined, RegExp]>([
    [
      "alice@EXAMPLE.EDU",
      { grant: "ssh-root", ...REASON },
      undefined,
      /^policy\.not_granted: .*cela\/root@/,
    ],
    [
      "alice@EXAMPLE.EDU",
      { grant: "ssh-oncall" },
      undefined,
      /ldap:hyades-oncall and ldap:staff is missing$/,
    ],
    ["carol@EXAMPLE.EDU", { grant: "ssh-oncall" }, undefined, /ldap:hyades-oncall is missing$/],
    [
      "carol@EXAMPLE.EDU",
      { grant: "ssh-login" },
      undefined,
      /ldap:hyades-users or gitlab:hyades\/members is missing$/,
    ],
    ["cela@EXAMPLE.EDU", { grant: "ssh-root", ...REASON }, undefined, /^policy\.not_granted/],
    [
      "alice@OTHER.REALM",
      { grant: "ssh-login" },
      undefined,
      /^policy\.not_granted: .*alice@OTHER\.REALM is not in users/,
    ],
    ["cela/root@EXAMPLE.EDU", { grant: "ssh-login" }, undefined, /^policy\.not_granted/],
    ["cela/root@EXAMPLE.EDU", { grant: "ssh-root" }, undefined, /^policy\.reason_required/],
    [
      "cela/root@EXAMPLE.EDU",
      { grant: "ssh-root", reason: "  " },
      undefined,
      /^policy\.reason_required/,
    ],
    [
      "cela/root@EXAMPLE.EDU",
      { grant: "ssh-root", ...REASON },
      PLACES.abroad,
      /^policy\.address: 127\.0\.2\.1 is not in 127\.0\.0\.0\/24/,
    ],
    ["bob@EXAMPLE.EDU", { grant: "ssh-oncall" }, PLACES.abroad, /^policy\.address/],
    [
      "bob@EXAMPLE.EDU",
      { grant: "ssh-oncall", principals: ["root"] },
      undefined,
      /^policy\.choice: "root" is not among/,
    ],
    ["bob@EXAMPLE.EDU", { grant: "ssh-oncall", principals: ["bob"] }, undefined, /^policy\.choice/],
    [
      "bob@EXAMPLE.EDU",
      { grant: "ssh-oncall", principals: ["ceph-ops", "kube-ops"] },
      undefined,
      /^policy\.choice: 2 principals/,
    ],
    [
      "alice@EXAMPLE.EDU",
      { grant: "ssh-login", principals: ["alice"] },
      undefined,
      /^policy\.choice: grant ssh-login offers no choice/,
    ],
    [
      "alice@EXAMPLE.EDU",
      { grant: "ssh-login", lifetime: 12 * HOUR + 1 },
      undefined,
      /^policy\.lifetime_too_long/,
    ],
    ["alice@EXAMPLE.EDU", { grant: "kube-user" }, undefined, /^request\.malformed: .*send csr/],
    ["alice@EXAMPLE.EDU", { grant: "ssh-host" }, undefined, /^policy\.not_granted/],
    [
      "cela/root@EXAMPLE.EDU",
      { grant: "admit" },
      undefined,
      /^(request\.malformed|policy\.unknown_node)/,
    ],
    [
      "cela/root@EXAMPLE.EDU",
      { grant: "operate" },
      undefined,
      /^request\.malformed: grant operate is for operate/,
    ],
    [
      "cela/root@EXAMPLE.EDU",
      { grant: "ssh-rot" },
      undefined,
      /^policy\.unknown_grant: .*did you mean ssh-root\?/,
    ],
  ])("%s asks for %j from %s", async (name, fields, from, want) => {
    const requests = { grant: "", ...fields };
    const options = from === undefined ? {} : { from };
    const { certificate, refusal } = await askSsh(people, ticketOf(name), requests, options);
    expect(refusal).toMatch(want);
    expect(certificate).toBeUndefined();
  });

  test("another office is an office, and what is not bound to one is given abroad", async () => {
    const bob = ticketOf("bob@EXAMPLE.EDU");
    const from = (place: string, grant: string) => askSsh(people, bob, { grant }, { from: place });
    expect((await from(PLACES.otherOffice, "ssh-oncall")).refusal).toBe("");
    expect((await from(PLACES.abroad, "ssh-login")).refusal).toBe("");
  });
});
