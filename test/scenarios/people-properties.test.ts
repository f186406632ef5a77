import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { Check } from "typebox/value";
import { afterAll, expect, test } from "vitest";
import type { Subject } from "../../policy/decision.ts";
import { subjectText } from "../../policy/identify.ts";
import { createSignerCore } from "../../keys/signer/signer-core.ts";
import { Reason } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { createInform } from "../../server/authenticate/inform.ts";
import { createPasswordAuthenticator } from "../../server/authenticate/password.ts";
import { parsePrincipal } from "../../server/authenticate/principal.ts";
import type { PersonName } from "../../server/directory/directory.ts";
import { escapeLogLine } from "../../server/daemon/log-line.ts";
import { formatEntry } from "../../server/log/entry.ts";
import { HOSTILE_TEXTS, UNSAFE } from "../harness/hostile-text.ts";
import { readSshCertificate } from "../harness/ssh-certificate-reader.ts";
import { makeKey, proofOf } from "../unit/keys/key-fixtures.ts";
import { makeCluster, NOW, sshSerial, tlsSerial } from "../unit/keys/policy-fixtures.ts";
import { createTestLedger, intentOf } from "../unit/ledger/fixture.ts";

/** Whatever a person or a directory is called: refused, or the same bytes in decision, log and certificate. */

const { policy, authorities, remove } = await makeCluster();
afterAll(remove);
const core = createSignerCore({ policy, policyHash: "h", authorities, now: () => NOW });
const ed25519 = makeKey("ed25519");
const p256 = makeKey("ecdsa-p256");

const REALM = "EXAMPLE.EDU";
const from = "10.9.1.1";

/** Letters that names are made of, and those that end, split, turn or escape them. */
const letters = fc.constantFrom(
  ...Array.from("abzAZ09._-/@\\,*:=+\"'<>#; %$(){}|&!?~`\n\r\t\0"),
  ...Array.from("\u001b\u007f\u009b\u2028\u202e\u200b\u00e9e\u0301\u0430\uff41\u{1f600}"),
  "\ud800",
);
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from("abz09_.-")), minLength: 1, maxLength: 34 }),
  fc.string({ unit: letters, maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom("root", "alice", "kubernetes", "__proto__", ...Object.values(HOSTILE_TEXTS)),
);

/** A directory in which everybody is, by every name, in these groups. */
const informWith = (groups: readonly string[], called?: string) =>
  createInform({
    policy: () => policy,
    finders: new Map([
      [
        "ldap",
        async (name: PersonName) =>
          Promise.resolve({
            state: "answered" as const,
            entry: { user: called ?? (name.kind === "user" ? name.user : name.primary), groups },
            age: 0,
          }),
      ],
    ]),
  });

const sign = (subject: Subject, grant: "ssh-login" | "kube-user"): Buffer | undefined => {
  const ask = { grant, from };
  const key =
    grant === "ssh-login"
      ? { serial: sshSerial(), publicKey: ed25519.ssh }
      : { serial: tlsSerial(), publicKey: p256.spki, proof: proofOf(p256) };
  const outcome = core.sign({ subject, ask, at: NOW, ...key });
  return "refused" in outcome ? undefined : Buffer.from(outcome.certificate);
};

/** That both certificates, where there are any, have the name `user`, and the log and the key ID the whole. */
function expectExact(subject: Subject, user: string): boolean {
  const whole = subjectText(subject);
  const login = sign(subject, "ssh-login");
  if (login !== undefined) {
    const shown = readSshCertificate(`x ${login.toString("base64")}`);
    expect(shown.principals).toEqual([Buffer.from(user)]);
    expect(shown.keyId).toEqual(Buffer.from(`${whole} ssh-login`));
  }
  const kube = sign(subject, "kube-user");
  if (kube !== undefined) {
    expect(new X509Certificate(kube).subject.split("\n").toSorted()).toEqual([
      `CN=user:${user}`,
      "O=cluster-users",
    ]);
  }
  const line = formatEntry({ at: NOW, event: "test", subject: whole });
  expect(line).toMatch(/^[ -~]*$/);
  expect(JSON.parse(line)).toMatchObject({ subject: whole });
  return login !== undefined;
}

test("a principal is refused, or is the same everywhere", async () => {
  let issued = 0;
  const principals = fc.oneof(
    texts,
    texts.map((text) => `${text}@${REALM}`),
    fc.tuple(texts, texts).map(([primary, instance]) => `${primary}/${instance}@${REALM}`),
    fc.tuple(texts, texts).map(([primary, realm]) => `${primary}@${realm}`),
  );
  await fc.assert(
    fc.asyncProperty(principals, async (text) => {
      let parsed;
      try {
        parsed = parsePrincipal(text);
      } catch (error) {
        expect(error).toBeInstanceOf(KeysystemError);
        expect(String(error)).not.toMatch(UNSAFE);
        return;
      }
      expect(parsed.principal).toBe(text);
      const inform = informWith(["hyades-users", "active"]);
      const caller = { subject: { kind: "person", principal: text, in: [] } as const, from };
      const { subject } = await inform(caller, ["ssh-login", "kube-user"]);
      const isOurs = parsed.instance === undefined && parsed.realm === REALM;
      const got = expectExact(subject, parsed.primary);
      if (got) issued += 1;
      if (got) expect(isOurs).toBe(true);
    }),
    { numRuns: 1500 },
  );
  expect(issued).toBeGreaterThan(50);
});

test("the user of a password is refused, or is the same everywhere", async () => {
  let issued = 0;
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const check = createPasswordAuthenticator({
        directory: { checkPassword: async (user) => Promise.resolve({ user, groups: [] }) },
        now: () => NOW,
      });
      const credentials = Buffer.from(`${text}:secret`).toString("base64");
      const user = await check(credentials, from).catch((error: unknown) => {
        expect(error).toBeInstanceOf(KeysystemError);
      });
      if (user === undefined) return;
      // RFC 7617: everything before the first colon.
      expect(user).toBe(text.toWellFormed().split(":")[0]);
      const caller = { subject: { kind: "person", user, in: [] } as const, from };
      const { subject } = await informWith(["hyades-users", "active"])(caller, ["ssh-login"]);
      if (expectExact(subject, user)) issued += 1;
    }),
    { numRuns: 1500 },
  );
  expect(issued).toBeGreaterThan(50);
});

test("no name of an entry but the person's own gives anything", async () => {
  await fc.assert(
    fc.asyncProperty(texts, texts, async (asked, called) => {
      fc.pre(asked !== called);
      const caller = { subject: { kind: "person", user: asked, in: [] } as const, from };
      const inform = informWith(["hyades-users", "active"], called);
      expect((await inform(caller, ["ssh-login"])).subject).toEqual(caller.subject);
    }),
    { numRuns: 1000 },
  );
});

test("names of groups count to the byte, and no other reaches the signer", async () => {
  const known = ["hyades-users", "hyades-oncall", "staff", "active"];
  const near = fc
    .constantFrom(...known)
    .chain((name) =>
      fc.constantFrom(` ${name}`, `${name} `, name.toUpperCase(), `ldap:${name}`, `${name}\0`),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(texts, near, fc.constantFrom(...known))), async (groups) => {
      const caller = { subject: { kind: "person", user: "dora", in: [] } as const, from };
      const { subject, directories } = await informWith(groups)(caller, ["ssh-login"]);
      const held = subject.kind === "person" ? subject.in : [];
      const expected = new Set(groups.filter((group) => known.includes(group)));
      expect(held.toSorted()).toEqual([...expected].map((group) => `ldap:${group}`).toSorted());
      expect(sign(subject, "ssh-login") !== undefined).toBe(
        groups.includes("hyades-users") && groups.includes("active"),
      );
      const line = formatEntry({ at: NOW, event: "person.facts", facts: directories });
      expect(line).toMatch(/^[ -~]*$/);
    }),
    { numRuns: 800 },
  );
});

test("a reason is refused at the wire, or is the same in the ledger, its log and keyserver's log", async () => {
  const { ledger } = createTestLedger(() => NOW);
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(texts, async (reason) => {
      if (!Check(Reason, reason)) return;
      kept += 1;
      expect(reason).not.toMatch(UNSAFE);
      const intent = intentOf({ reason, serial: tlsSerial() });
      await ledger.intend([intent]);
      expect((await ledger.findCertificate(intent.serial))?.reason).toBe(reason);
      const line = formatEntry({ at: NOW, event: "test", reason });
      expect(JSON.parse(line)).toMatchObject({ reason });
    }),
    { numRuns: 800 },
  );
  expect(kept).toBeGreaterThan(100);
});

test("a line of keyserver's log says the same after it was made safe", () => {
  fc.assert(
    fc.property(fc.oneof(texts, fc.string({ unit: "binary" })), (text) => {
      const safe = escapeLogLine(`${JSON.stringify({ text })}\n`);
      expect(safe).not.toMatch(UNSAFE);
      expect(safe.split("\n")).toHaveLength(2);
      expect(JSON.parse(safe)).toEqual({ text });
    }),
    { numRuns: 3000 },
  );
});
