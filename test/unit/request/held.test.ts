import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";
import { forgetCommand } from "../../../client/request/commands/forget.ts";
import { statusCommand } from "../../../client/request/commands/status.ts";
import type { HeldCredential } from "../../../client/request/held/credential.ts";
import { writeIdentities } from "../../../client/request/ssh/identities.ts";
import { writeFreshness, freshnessOf } from "../../../client/request/ssh/freshness.ts";
import { withWhatStillWorks } from "../../../client/request/session/still-works.ts";
import { keepCredential } from "../../../client/request/held/store.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { makeSshAuthority } from "../client/small-authority.ts";
import { makePerson, NOW, type FakePerson } from "./person.ts";

const HOUR = 3_600_000;

/** Keeps an SSH credential that ends in `life` ms. */
function hold({ deps, cluster }: FakePerson, grant: string, life = HOUR): HeldCredential {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const times = { notBefore: NOW / 1000 - 300, notAfter: (NOW + life) / 1000 };
  const signed = makeSshAuthority().sign(sshLine(publicSshKey(key)), ["root"], times);
  const offer = { grant, verb: "issue", kind: "ssh-user" } as const;
  const subject = "kerberos:cela@EXAMPLE.EDU";
  const facts = { cluster: "hyades", grant, authority: "ssh-user", subject, offer, ...signed };
  const bounds = { notBefore: NOW - 300_000, notAfter: NOW + life };
  const held = { ...facts, ...bounds, form: "ssh", key, principals: ["root"] } as const;
  const summary = keepCredential(deps, cluster, held, { keyIn: "files" });
  writeFreshness(deps, cluster.places, ["root"], freshnessOf(summary, undefined));
  // As it was written before anything expired.
  writeIdentities({ ...deps, now: () => NOW - HOUR }, cluster);
  return held;
}

const identities = ({ cluster }: FakePerson): string =>
  readFileSync(cluster.places.sshIdentities, "utf8");

test("status asks nobody, and says what is held and where the key is", async () => {
  const person = makePerson();
  hold(person, "ssh-root");
  expect(await statusCommand(person.deps, person.output())).toBe(0);
  expect(person.said.out).toMatch(/^ssh-root +ok +1 h +SSH as root +in a file$/m);
  expect(person.log).toEqual([]);
});

test("status of nothing says what to type", async () => {
  const person = makePerson();
  expect(await statusCommand(person.deps, person.output())).toBe(0);
  expect(person.said.out).toMatch(/keyreq grants/);
});

test("what has expired is said once, exit 5, and ssh is led there no more", async () => {
  const person = makePerson();
  hold(person, "ssh-login");
  hold(person, "ssh-root", -1000);
  expect(identities(person)).toContain("ssh-root");
  expect(await statusCommand(person.deps, person.output(true))).toBe(5);
  expect(JSON.parse(person.said.out)).toMatchObject({
    schema: 1,
    healthy: false,
    credentials: [
      { grant: "ssh-login", state: "ok", left: 3600 },
      { grant: "ssh-root", state: "expired", left: -1, notAfter: "2027-01-15T07:59:59Z" },
    ],
  });
  expect(identities(person)).not.toContain("ssh-root");
  expect(identities(person)).toContain("ssh-login");
  expect(existsSync(join(person.cluster.places.expiry, "root"))).toBe(false);
  expect(await statusCommand(person.deps, person.output())).toBe(0);
});

test("nothing of a key is in what status says", async () => {
  const person = makePerson();
  const { key } = hold(person, "ssh-root");
  await statusCommand(person.deps, person.output(true));
  const { d = "?" } = key.export({ format: "jwk" });
  expect(person.said.out).not.toContain(d);
});

test("forget takes one away, with what leads ssh to it", async () => {
  const person = makePerson();
  hold(person, "ssh-root");
  hold(person, "ssh-login");
  expect(await forgetCommand(person.deps, person.output(true), "ssh-login", {})).toBe(0);
  expect(JSON.parse(person.said.out)).toEqual({
    schema: 1,
    forgotten: [{ cluster: "hyades", grant: "ssh-login", inAgent: 0 }],
    setup: false,
  });
  expect(identities(person)).toContain("ssh-root");
  expect(identities(person)).not.toContain("ssh-login");
  expect(existsSync(join(person.cluster.places.credentials, "ssh-login"))).toBe(false);
  expect(existsSync(join(person.cluster.places.expiry, "root"))).toBe(false);
});

test("forget without a name takes all away, and is content with nothing", async () => {
  const person = makePerson();
  hold(person, "ssh-root");
  hold(person, "ssh-login");
  expect(await forgetCommand(person.deps, person.output(), undefined, {})).toBe(0);
  expect(await forgetCommand(person.deps, person.output(), undefined, {})).toBe(0);
  expect(person.said.out).toMatch(/nothing is held here/);
});

test.for([
  { grant: "ssh-rot", hint: /did you mean ssh-root/ },
  { grant: "../../x", hint: /keyreq status/ },
])("forget $grant, which is not held: exit 2, and nothing is gone", async ({ grant, hint }) => {
  const person = makePerson();
  hold(person, "ssh-root");
  mkdirSync(join(person.deps.places.home, "x"), { recursive: true });
  const failed = forgetCommand(person.deps, person.output(), grant, {});
  await expect(failed).rejects.toMatchObject({ exit: 2, hints: [expect.stringMatching(hint)] });
  expect(existsSync(join(person.cluster.places.credentials, "ssh-root"))).toBe(true);
});

const outage = new Failure(4, "nobody answers", ["look"]);

test("during an outage what is held and valid still works", () => {
  const person = makePerson();
  hold(person, "ssh-root");
  hold(person, "ssh-login", -1000);
  expect(withWhatStillWorks(person.deps, outage)).toMatchObject({
    exit: 4,
    message: "nobody answers",
    hints: ["still works:  ssh-root for 1 h", "look", "retry:  keyreq --wait 5m …"],
  });
});

test("what is held has nothing to do with other failures, nor is it needed", () => {
  const person = makePerson();
  const denied = new Failure(3, "denied", ["x"]);
  expect(withWhatStillWorks(person.deps, denied)).toBe(denied);
  writeFileSync(person.cluster.places.cluster, "damaged");
  expect(withWhatStillWorks(person.deps, outage)).toMatchObject({
    hints: ["look", expect.stringMatching(/retry/)],
  });
});
