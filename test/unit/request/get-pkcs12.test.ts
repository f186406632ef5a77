import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { getCommand, type GetFlags } from "../../../client/request/commands/get.ts";
import type { GrantOffer } from "../../../protocol/messages.ts";
import { run as runProgram } from "../../harness/command.ts";
import { clientOffer, failureOf, makeIssuedPerson, typing, type IssuedPerson } from "./issuing.ts";

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

function openP12(person: IssuedPerson, password: string) {
  const secret = join(person.deps.places.home, "secret");
  writeFileSync(secret, password);
  return runProgram("openssl", [
    "pkcs12",
    "-in",
    at(person, "web.p12"),
    "-passin",
    `file:${secret}`,
    "-nodes",
  ]);
}

describe("PKCS#12", () => {
  test("with a password that is typed twice", async () => {
    const person = make([WEB], { terminal: typing("correct horse", "correct horse") });
    expect(await get(person, { p12: true })).toBe(0);
    expect(readdirSync(outOf(person))).toEqual(["web.p12"]);
    expect(statSync(at(person, "web.p12")).mode & 0o777).toBe(0o600);
    const { code, stdout } = await openP12(person, "correct horse");
    expect([code, stdout]).toEqual([0, expect.stringContaining("friendlyName: web hyades")]);
    expect(person.said.out).not.toContain("correct horse");
    expect((await openP12(person, "correct Horse")).code).toBe(1);
  });
  test.for([{ legacyP12: false }, { legacyP12: true }])(
    "with one that is generated, shown once, and never twice the same (%o)",
    async (flags) => {
      const seen = new Set<string>();
      for (const json of [false, true]) {
        const person = make();
        await get(person, { p12: true, generatePassword: true, ...flags }, { json });
        const password = /[a-z2-9]{6}(?:-[a-z2-9]{6}){3}/.exec(person.said.out)?.[0] ?? "";
        expect(person.said.out.split(password)).toHaveLength(2);
        expect(person.said.err).not.toContain(password);
        expect((await openP12(person, password)).code).toBe(0);
        seen.add(password);
      }
      expect(seen.size).toBe(2);
    },
  );
  test("with the first line of a file", async () => {
    const person = make();
    const passwordFile = join(person.deps.places.home, "password");
    writeFileSync(passwordFile, " p\u00e4ss w\u00f6rd \r\nmore\n");
    await get(person, { p12: true, passwordFile });
    expect((await openP12(person, " p\u00e4ss w\u00f6rd ")).code).toBe(0);
    expect((await openP12(person, "p\u00e4ss w\u00f6rd")).code).toBe(1);
  });
  test.for([
    { name: "two that differ", typed: ["one", "two"], says: /^the two passwords differ/ },
    { name: "none", typed: ["", ""], says: /^the password is empty/ },
    { name: "a tab", typed: ["a\tb", "a\tb"], says: /control character/ },
    { name: "half a character", typed: ["a\ud800", "a\ud800"], says: /control character/ },
    { name: "257 letters", typed: ["x".repeat(257), "x".repeat(257)], says: /longer than 256/ },
  ])("$name: refused before anything is asked for", async ({ typed, says }) => {
    const person = make([WEB], { terminal: typing(...typed) });
    const failure = await failureOf(get(person, { p12: true }));
    expect(failure).toMatchObject({ exit: 2, message: expect.stringMatching(says) });
    expect([person.log, readdirSync(outOf(person))]).toEqual([[], []]);
  });
  test("over a file that is there is refused before a password is typed", async () => {
    const person = make([WEB]);
    writeFileSync(at(person, "web.p12"), "mine");
    const failure = await failureOf(get(person, { p12: true }));
    expect(failure).toMatchObject({
      exit: 2,
      message: expect.stringContaining("web.p12 is there"),
    });
    expect(person.log).toEqual([]);
  });
  test("without a terminal says which flags there are", async () => {
    const failure = await failureOf(get(make(), { p12: true }));
    expect(failure).toMatchObject({
      exit: 6,
      hints: ["--generate-password      or  --password-file FILE"],
    });
  });
  test.for([
    { flags: { p12: true, pem: true }, says: /two forms/ },
    { flags: { p12: true, passwordFile: "x", generatePassword: true }, says: /two passwords/ },
    { flags: { generatePassword: true }, says: /^only a PKCS#12 file has a password/ },
    { flags: { pem: true, passwordFile: "x" }, says: /^only a PKCS#12 file has a password/ },
    { flags: { p12: true, passwordFile: "/none" }, says: /^--password-file: ENOENT/ },
    { flags: { lifetime: "soon" }, says: /--lifetime "soon"/ },
  ])("$flags: $says", async ({ flags, says }) => {
    const person = make();
    const failure = await failureOf(get(person, flags));
    expect(failure).toMatchObject({ exit: 2, message: expect.stringMatching(says) });
    expect(person.log).toEqual([]);
  });
});
