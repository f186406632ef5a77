import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clusterPlaces } from "../../../client/request/places.ts";
import { chooseSsh } from "../../../client/request/ssh/choice.ts";
import { optionsFor } from "../../../client/request/ssh/connect.ts";
import { holdOff, readHoldOff } from "../../../client/request/ssh/hold-off.ts";
import { formatIdentities } from "../../../client/request/ssh/identities.ts";
import type { GrantOffer, Grants, RefusedGrant } from "../../../protocol/messages.ts";
import { problemOf } from "../../../protocol/problems.ts";
import { makePerson } from "./ssh-user.ts";

const offer = (grant: string, more: Partial<GrantOffer>): GrantOffer => ({
  grant,
  verb: "issue",
  kind: "ssh-user",
  authority: "ssh-user",
  ...more,
});
const ROOT = offer("ssh-root", { names: ["root"], reason: "required" });
const LOGIN = offer("ssh-login", { names: ["cela"] });
const ONCALL = offer("ssh-oncall", { names: ["cela"], mayChoose: ["ceph-ops"], chooseAtMost: 1 });
const REFUSED: RefusedGrant = {
  grant: "ssh-root",
  problem: problemOf("policy.not_granted"),
  kind: "ssh-user",
  verb: "issue",
  to: ["root-admins"],
  missing: ["kerberos:cela/root@EXAMPLE.EDU"],
  names: ["root"],
};

const grants = (offers: readonly GrantOffer[], refused: readonly RefusedGrant[] = []): Grants => ({
  subject: "kerberos:cela@EXAMPLE.EDU",
  now: "2026-01-01T00:00:00Z",
  grants: [...offers],
  refused: [...refused],
});

describe("the grant for a login", () => {
  test.for([
    { login: "root", offers: [ROOT, LOGIN], want: "ssh-root" },
    { login: "cela", offers: [ROOT, LOGIN, ONCALL], want: "ssh-login" },
    // without a reason before with one
    {
      login: "cela",
      offers: [{ ...LOGIN, grant: "why", reason: "required" }, LOGIN],
      want: "ssh-login",
    },
    { login: "ceph-ops", offers: [ROOT, LOGIN, ONCALL], want: "ssh-oncall+ceph-ops" },
    { login: "ceph-ops", offers: [{ ...ONCALL, chooseAtMost: 0 }, LOGIN], want: "ssh-oncall" },
    // sshd may know cela's name as an account of another
    { login: "git", offers: [ROOT, LOGIN], want: "ssh-login" },
    { login: "git", offers: [ROOT], want: "3 false" },
    { login: "git", offers: [], want: "3 false" },
    // certificates of other kinds are no help
    { login: "root", offers: [{ ...ROOT, kind: "ssh-host" }], want: "3 false" },
    { login: "root", offers: [{ ...ROOT, verb: "operate" }], want: "3 false" },
    { login: "root", offers: [LOGIN], refused: [REFUSED], want: "3 true" },
    { login: "root", offers: [], refused: [REFUSED], want: "3 true" },
    { login: "root", offers: [ROOT], refused: [{ ...REFUSED, grant: "other" }], want: "ssh-root" },
    { login: "root", offers: [LOGIN], refused: [{ ...REFUSED, kind: "tls" }], want: "ssh-login" },
    { login: "Root", offers: [LOGIN], refused: [REFUSED], want: "ssh-login" },
  ] as const)("$login: $want", ({ login, offers, want, ...rest }) => {
    const verdict = chooseSsh(grants(offers, "refused" in rest ? rest.refused : []), login);
    const said = verdict.found
      ? [verdict.choice.offer.grant, ...verdict.choice.choose].join("+")
      : `${verdict.failure.exit} ${verdict.named}`;
    expect(said).toBe(want);
  });

  test("a denial says who would be let in, and what to type", () => {
    const verdict = chooseSsh(grants([LOGIN], [REFUSED]), "root");
    expect(verdict).toMatchObject({
      failure: {
        message: "denied: cela@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU is",
        hints: ["kinit cela/root"],
      },
    });
  });
});

describe("holding off", () => {
  const login = "root";

  test("the same question is not asked again for some seconds", () => {
    const person = makePerson();
    const places = clusterPlaces(person.places, "hyades");
    let at = 1_000_000;
    const deps = { ...person, now: () => at };
    expect(readHoldOff(deps, places, login)).toBeUndefined();
    holdOff(deps, places, { login, exit: 3 });
    expect(readHoldOff(deps, places, login)).toBe(3);
    expect(readHoldOff(deps, places, "cela")).toBeUndefined();
    at += 9999;
    expect(readHoldOff(deps, places, login)).toBe(3);
    at += 1;
    expect(readHoldOff(deps, places, login)).toBeUndefined();
    // set back by an hour: nobody is locked out
    at -= 3_600_000;
    expect(readHoldOff(deps, places, login)).toBeUndefined();
  });

  test("an outage is over sooner", () => {
    const person = makePerson();
    const places = clusterPlaces(person.places, "hyades");
    let at = 1_000_000;
    const deps = { ...person, now: () => at };
    holdOff(deps, places, { login, exit: 4 });
    expect(readHoldOff(deps, places, login)).toBe(4);
    at += 5000;
    expect(readHoldOff(deps, places, login)).toBeUndefined();
  });

  test("what the person can mend at once is asked again", () => {
    const person = makePerson();
    const places = clusterPlaces(person.places, "hyades");
    for (const exit of [1, 2, 5, 6, 7] as const) {
      holdOff(person, places, { login, exit });
      expect(readHoldOff(person, places, login)).toBeUndefined();
    }
  });

  test("another ticket is another question", () => {
    const person = makePerson();
    const places = clusterPlaces(person.places, "hyades");
    const cache = join(person.home, "cache");
    writeFileSync(cache, "x");
    const deps = { ...person, environment: { KRB5CCNAME: `FILE:${cache}` } };
    holdOff(deps, places, { login, exit: 3 });
    expect(readHoldOff(deps, places, login)).toBe(3);
    utimesSync(cache, 1, 2);
    expect(readHoldOff(deps, places, login)).toBeUndefined();
    const other = { ...person, environment: { KRB5CCNAME: `FILE:${cache}2` } };
    expect(readHoldOff(other, places, login)).toBeUndefined();
  });

  test.for(["", "{}", "[]", '{"until":1e99}', '{"until":"x","login":"root","exit":3,"ticket":""}'])(
    "a damaged note is none: %s",
    (text) => {
      const person = makePerson();
      const places = clusterPlaces(person.places, "hyades");
      holdOff(person, places, { login, exit: 3 });
      writeFileSync(join(places.folder, ".held-off"), text);
      expect(readHoldOff(person, places, login)).toBeUndefined();
    },
  );
});

describe("what ssh is told", () => {
  const none = { keys: [], certificates: [] };

  test("certificates that name the login go first, ordinary keys last", () => {
    const text = formatIdentities(
      [
        { principals: ["root"], keyIn: "agent", folder: "/d/ssh-root" },
        { principals: ["cela", "ceph-ops"], keyIn: "files", folder: "/d/ssh login" },
      ],
      { keys: ["~/.ssh/id_rsa"], certificates: ["~/.ssh/id_rsa-cert.pub"] },
    );
    expect(text.split("\n").slice(1)).toEqual([
      "Match user root",
      '    IdentityFile "/d/ssh-root/key-cert"',
      "Match user cela,ceph-ops",
      '    IdentityFile "/d/ssh login/key"',
      '    CertificateFile "/d/ssh login/key-cert.pub"',
      "Match all",
      '    IdentityFile "/d/ssh-root/key-cert"',
      '    IdentityFile "/d/ssh login/key"',
      '    CertificateFile "/d/ssh login/key-cert.pub"',
      "    IdentityFile ~/.ssh/id_rsa",
      "    CertificateFile ~/.ssh/id_rsa-cert.pub",
      "",
    ]);
  });

  test("without certificates nothing, so that ssh does what it always does", () => {
    const text = formatIdentities([], { keys: ["~/.ssh/id_rsa"], certificates: [] });
    expect(text).toMatch(/^# .*\n$/);
  });

  test.for(["*", "!root", "a,b", "a b", "ro?t", "-x", ""])(
    "principal %j is no pattern of logins",
    (principal) => {
      const text = formatIdentities(
        [{ principals: [principal], keyIn: "agent", folder: "/d" }],
        none,
      );
      expect(text).not.toContain("Match user");
      expect(text).toContain("Match all");
    },
  );

  test.for([
    ["m2", ["HostName=m2.hyades.example.edu"]],
    ["m2.hyades.example.edu", []],
    ["hyades.example.edu", ['IdentityFile="/d/keysystem/hyades/credentials/ssh-root/key-cert"']],
    ["192.0.2.1", ['IdentityFile="/d/keysystem/hyades/credentials/ssh-root/key-cert"']],
    ["::1", ['IdentityFile="/d/keysystem/hyades/credentials/ssh-root/key-cert"']],
    ["localhost", ['IdentityFile="/d/keysystem/hyades/credentials/ssh-root/key-cert"']],
  ] as const)("keyreq ssh %s", ([hostname, options]) => {
    const { places } = makePerson();
    const cluster = {
      name: "hyades",
      domain: "hyades.example.edu",
      places: clusterPlaces({ ...places, data: "/d/keysystem" }, "hyades"),
    };
    expect(optionsFor(cluster, { hostname }, { grant: "ssh-root", keyIn: "agent" })).toEqual(
      options,
    );
  });
});
