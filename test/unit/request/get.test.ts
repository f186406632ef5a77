import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { getCommand, type GetFlags } from "../../../client/request/commands/get.ts";
import type { GrantOffer } from "../../../protocol/messages.ts";
import { problemOf } from "../../../protocol/problems.ts";
import { run as runProgram } from "../../harness/command.ts";
import {
  anchorOf,
  clientOffer,
  failureOf,
  makeIssuedPerson,
  typing,
  type IssuedPerson,
} from "./issuing.ts";

const WEB = clientOffer("web", "kubernetes");
const OTHER = clientOffer("web-2", "kubernetes");

type Flags = Omit<GetFlags, "out">;

const outOf = ({ deps }: IssuedPerson): string => join(deps.places.home, "out");

function get(person: IssuedPerson, flags: Flags = {}, { grant = "web", json = false } = {}) {
  return getCommand(person.deps, person.output(json), grant, { out: outOf(person), ...flags });
}

/** Somebody with a folder of their own. */
function make(
  offers: readonly GrantOffer[] = [WEB, OTHER],
  changes: Parameters<typeof makeIssuedPerson>[1] = {},
): IssuedPerson {
  const person = makeIssuedPerson(offers, changes);
  mkdirSync(outOf(person), { mode: 0o700 });
  return person;
}

const at = (person: IssuedPerson, name: string): string => join(outOf(person), name);
const read = (person: IssuedPerson, name: string): string => readFileSync(at(person, name), "utf8");

describe("PEM", () => {
  test("key, certificate and anchors, of which only the key is secret", async () => {
    const person = make();
    expect(await get(person)).toBe(0);
    expect(readdirSync(outOf(person)).sort()).toEqual(["web-ca.crt", "web.crt", "web.key"]);
    const modes = ["web.key", "web.crt", "web-ca.crt"].map(
      (name) => statSync(at(person, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o644, 0o644]);
    const { code, stdout } = await runProgram("openssl", [
      "pkey",
      "-in",
      at(person, "web.key"),
      "-pubout",
    ]);
    const certificate = new X509Certificate(read(person, "web.crt"));
    expect([code, stdout]).toEqual([
      0,
      certificate.publicKey.export({ type: "spki", format: "pem" }),
    ]);
    expect(read(person, "web-ca.crt")).toBe(anchorOf("kubernetes"));
    expect(person.said.out).toContain("web.key");
    expect(person.said.out).not.toContain("PRIVATE");
  });
  test("with --json, one document that holds no key", async () => {
    const person = make();
    await get(person, { reason: "a test", lifetime: "10m" }, { json: true });
    expect(JSON.parse(person.said.out)).toMatchObject({
      schema: 1,
      grant: "web",
      notAfter: "2027-01-15T08:10:00Z",
      files: [at(person, "web.key"), at(person, "web.crt"), at(person, "web-ca.crt")],
    });
    expect(person.requests).toMatchObject([{ reason: "a test", lifetime: 600 }]);
    expect(person.said.out).not.toContain("PRIVATE");
  });
  test("an earlier one of the same grant is replaced, wholly", async () => {
    const person = make();
    await get(person);
    const [key, certificate] = [read(person, "web.key"), read(person, "web.crt")];
    await get(person);
    expect(read(person, "web.key")).not.toBe(key);
    expect(read(person, "web.crt")).not.toBe(certificate);
    expect(readdirSync(outOf(person))).toHaveLength(3);
  });
});

describe("files that are there stay", () => {
  test.for([
    { name: "somebody's file", file: "web.key", content: "mine" },
    { name: "another certificate", file: "web.crt", content: "mine" },
    { name: "an empty file", file: "web-ca.crt", content: "" },
  ])("$name", async ({ file, content }) => {
    const person = make();
    writeFileSync(at(person, file), content);
    const failure = await failureOf(get(person));
    expect(failure).toMatchObject({ exit: 2, hints: ["another --out, or replace it:  --force"] });
    expect(failure.message).toContain(at(person, file));
    expect([read(person, file), readdirSync(outOf(person))]).toEqual([content, [file]]);
    expect(person.requests).toEqual([]);
    expect(await get(person, { force: true })).toBe(0);
    expect(read(person, file)).not.toBe(content);
  });
  test("what was put there and changed since", async () => {
    const person = make();
    await get(person);
    writeFileSync(at(person, "web.crt"), `${read(person, "web.crt")}# my notes\n`);
    expect(await failureOf(get(person))).toMatchObject({ exit: 2 });
    expect(read(person, "web.crt")).toContain("# my notes");
  });
  test("what another grant put there under that name", async () => {
    const person = make();
    await get(person, {}, { grant: "web-2" });
    writeFileSync(at(person, "web.key"), read(person, "web-2.key"));
    expect(await failureOf(get(person))).toMatchObject({ exit: 2 });
  });
  test("a symbolic link is not followed, not even with --force", async () => {
    const person = make();
    const target = join(person.deps.places.home, "precious");
    writeFileSync(target, "mine");
    symlinkSync(target, at(person, "web.key"));
    for (const force of [false, true]) {
      const failure = await failureOf(get(person, { force }));
      expect(failure.message).toBe(
        `${at(person, "web.key")}: is a symbolic link; nothing was written`,
      );
    }
    expect(readFileSync(target, "utf8")).toBe("mine");
    expect(lstatSync(at(person, "web.key")).isSymbolicLink()).toBe(true);
  });
  test("a damaged memory of what was put where replaces nothing", async () => {
    const person = make();
    await get(person);
    for (const text of ["{", "[]", "null", '{"x":1}']) {
      writeFileSync(join(person.cluster.places.folder, "delivered.json"), text, { mode: 0o600 });
      expect(await failureOf(get(person))).toMatchObject({ exit: 2 });
    }
  });
});

describe("the folder", () => {
  test.for([
    {
      name: "is not there",
      out: "none",
      says: /^there is no folder .*none; nothing/,
      hint: /^mkdir -m 700 /,
    },
    { name: "is a file", out: "file", says: /is no folder/, hint: /^ls -l / },
    {
      name: "is open to all",
      out: "open",
      says: /^others can write to .*open/,
      hint: /^chmod go-w /,
    },
    {
      name: "is open to a group",
      out: "group",
      says: /^others can write to .*group/,
      hint: /^chmod go-w /,
    },
    { name: "is like /tmp", out: "sticky", says: /^others can write to .*sticky/, hint: /^mkdir/ },
  ])("$name: refused before anything is asked for", async ({ out, says, hint }) => {
    const person = make();
    const { home } = person.deps.places;
    writeFileSync(join(home, "file"), "");
    for (const [name, mode] of [
      ["open", 0o777],
      ["group", 0o770],
      ["sticky", 0o1777],
    ] as const) {
      mkdirSync(join(home, name));
      chmodSync(join(home, name), mode);
    }
    const work = getCommand(person.deps, person.output(), "web", { out: join(home, out) });
    const failure = await failureOf(work);
    expect(failure).toMatchObject({ exit: 2, message: expect.stringMatching(says) });
    expect(failure.hints).toEqual([expect.stringMatching(hint)]);
    expect(person.log).toEqual([]);
  });
  test.skipIf(process.geteuid?.() !== 0)("is another user's: refused", async () => {
    const person = make();
    const deps = { ...person.deps, uid: 12_345 };
    const out = join(person.deps.places.home, "out");
    await runProgram("chown", ["12346", out]);
    const work = getCommand(deps, person.output(), "web", { out });
    expect((await failureOf(work)).message).toMatch(
      /out is another user's \(uid 12346\); nothing was asked for$/,
    );
  });
});

type Row = { readonly offer: Partial<GrantOffer>; readonly says: RegExp; readonly p12?: boolean };

describe("a grant", () => {
  test.for([
    { offer: { verb: "fetch", file: "local.conf" }, says: /nodes fetch those themselves/ },
    { offer: { verb: "admit", admits: ["worker"] }, says: /gives join strings for worker/ },
    { offer: { verb: "operate" }, says: /gives no certificate/ },
    { offer: { kind: "ssh-user" }, p12: true, says: /which PKCS#12 cannot hold/ },
  ] satisfies readonly Row[])(
    "that gives no such file: $says",
    async ({ offer, says, ...flags }) => {
      const person = make([{ ...WEB, ...offer }], { terminal: typing("x", "x") });
      const failure = await failureOf(get(person, flags));
      expect(failure).toMatchObject({ exit: 2, message: expect.stringMatching(says) });
      expect([person.requests, readdirSync(outOf(person))]).toEqual([[], []]);
    },
  );
  test.for(["../web", "web/../../x", "", ".", "Web", "web\n", "w".repeat(65)])(
    "whose name could lead elsewhere is none: %j",
    async (grant) => {
      const person = make([{ ...WEB, grant }]);
      const failure = await failureOf(get(person, { force: true }, { grant }));
      expect(failure).toMatchObject({
        exit: 2,
        message: expect.stringMatching(/no name of a grant/),
      });
      expect([person.log, readdirSync(outOf(person))]).toEqual([[], []]);
    },
  );
  test("that is refused, exit code 3; that is none, exit code 2 and what was meant", async () => {
    const person = make();
    const problem = problemOf("policy.not_granted");
    person.refuse({ grant: "web", problem, to: ["ops"], missing: ["ldap:ops"] });
    expect(await failureOf(get(person))).toMatchObject({
      exit: 3,
      message: expect.stringContaining("ldap:ops is missing"),
    });
    expect(await failureOf(get(person, {}, { grant: "wbe" }))).toMatchObject({
      exit: 2,
      hints: [expect.stringContaining("did you mean web?")],
    });
  });
  test("that needs a reason is asked for one", async () => {
    const person = make([{ ...WEB, reason: "required" }], { terminal: typing("  because  ") });
    await get(person);
    expect(person.requests).toMatchObject([{ reason: "because" }]);
  });
});
