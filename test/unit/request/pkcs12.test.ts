import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeKey, requestFor } from "../../../client/credential/make-key.ts";
import { formatPkcs12, type Pkcs12Content } from "../../../client/request/get/pkcs12.ts";
import { run, runOk } from "../../harness/command.ts";
import { makeAuthority, type SmallAuthority } from "../client/small-authority.ts";
import { makeRoot } from "../client/scratch.ts";

const NOW = 1_800_000_000;
const TIMES = { notBefore: NOW - 300, notAfter: NOW + 3600 };
const authority: SmallAuthority = await makeAuthority("small", NOW);
const other = await makeAuthority("above", NOW);

function contentFor(key: KeyObject, more: Partial<Pkcs12Content> = {}): Pkcs12Content {
  const { certificate } = authority.sign(requestFor(key), { cn: "cela", ...TIMES });
  const certificates = [certificate, other.anchor];
  return { key, certificates, friendlyName: "web hyades", password: "correct horse", ...more };
}

function write(content: Pkcs12Content): string {
  const file = join(makeRoot(), "a.p12");
  writeFileSync(file, formatPkcs12(content));
  return file;
}

/** openssl with the password in a file, in UTF-8. */
function openssl(file: string, password: string, ...args: readonly string[]) {
  const secret = `${file}.password`;
  writeFileSync(secret, password);
  const open = ["pkcs12", "-in", file, "-passin", `file:${secret}`, ...args];
  return run("openssl", open, { env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" } });
}

const pemOf = (text: string): readonly string[] =>
  text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n/g) ?? [];

const rawOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

test.for([
  { kind: "ecdsa-p256", legacy: false },
  { kind: "ecdsa-p384", legacy: false },
  { kind: "ed25519", legacy: false },
  { kind: "rsa-2048", legacy: false },
  { kind: "ecdsa-p256", legacy: true },
  { kind: "rsa-3072", legacy: true },
] as const)("openssl reads $kind back, legacy $legacy", async ({ kind, legacy }) => {
  const content = contentFor(makeKey(kind), { legacy });
  const file = write(content);
  const { code, stdout, stderr } = await openssl(file, content.password, "-nodes", "-info");
  expect(code).toBe(0);
  const [leaf = "", above = "", key = ""] = pemOf(stdout);
  expect([leaf, above].map(rawOf)).toEqual(content.certificates.map(rawOf));
  expect(createPrivateKey(key).equals(content.key)).toBe(true);
  expect(stdout.match(/friendlyName: web hyades/g)).toHaveLength(2);
  expect(stdout.match(/localKeyID: 01/g)).toHaveLength(2);
  expect(stderr).toMatch(legacy ? /MAC: sha1, Iteration 100000/ : /MAC: sha256, Iteration 200000/);
  expect(stderr).toMatch(
    legacy
      ? /pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 100000/
      : /PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/,
  );
});

test.for([
  { password: "Kl\u00e4rchen \u00e0 la \u00df" },
  { password: "\u043f\u0430\u0440\u043e\u043b\u044c \u2014 \u5bc6\u7801" },
  { password: "\u{1F511} key \u{1F511}" },
  { password: " blanks around " },
  { password: "x" },
  { password: "p".repeat(200) },
])("the password $password opens it, key and MAC", async ({ password }) => {
  for (const legacy of [false, true]) {
    const content = contentFor(makeKey("ecdsa-p256"), { password, legacy });
    const { code, stdout, stderr } = await openssl(write(content), password, "-nodes", "-nocerts");
    expect([code, stderr]).toEqual([0, ""]);
    expect(createPrivateKey(pemOf(stdout)[0] ?? "").equals(content.key)).toBe(true);
  }
});

test.for([
  { password: "correct horse", typed: "correct Horse" },
  { password: "correct horse", typed: "\n" },
  { password: "correct horse", typed: "correct horse " },
  { password: "Kl\u00e4rchen", typed: "Klarchen" },
  { password: "\u{1F511}", typed: "\u{1F512}" },
])("$typed does not open what $password sealed", async ({ password, typed }) => {
  const file = write(contentFor(makeKey("ecdsa-p256"), { password }));
  const { code, stdout, stderr } = await openssl(file, typed, "-nodes");
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/Mac verify error|invalid password/);
});

test("a changed byte is noticed anywhere: the MAC covers key, certificates and names", async () => {
  const content = contentFor(makeKey("ecdsa-p256"));
  const file = write(content);
  const good = readFileSync(file);
  for (const at of [60, 400, good.length - 400, good.length - 120]) {
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(at) ^ 1, at);
    writeFileSync(file, bad);
    expect((await openssl(file, content.password, "-nodes")).code).toBe(1);
  }
});

test("the key is nowhere in the file unsealed, and two files of one key are unlike", () => {
  const key = makeKey("ecdsa-p256");
  const { d = "" } = key.export({ format: "jwk" });
  const content = contentFor(key);
  const [one, two] = [formatPkcs12(content), formatPkcs12(content)];
  expect(one.includes(Buffer.from(d, "base64url"))).toBe(false);
  expect(one.equals(two)).toBe(false);
});

test("the file is DER that openssl parses to its end", async () => {
  const file = write(contentFor(makeKey("rsa-2048"), { friendlyName: "\u00e4\u5bc6" }));
  const text = await runOk("openssl", ["asn1parse", "-inform", "DER", "-in", file]);
  expect(text).not.toContain("Error");
  expect(text).toMatch(/^ {4}0:d=0 {2}hl=4 l=\d+ cons: SEQUENCE/);
});

const keytool = "/usr/bin/keytool";
test.skipIf(!existsSync(keytool)).for([{ legacy: false }, { legacy: true }])(
  "Java reads key and chain, legacy $legacy (skipped where keytool is not installed)",
  async ({ legacy }) => {
    const content = contentFor(makeKey("ecdsa-p256"), { legacy, password: "correct horse" });
    const file = write(content);
    const list = ["-list", "-v", "-storetype", "PKCS12", "-keystore", file];
    const good = await run(keytool, [...list, "-storepass", content.password]);
    expect(good.stdout).toContain("Entry type: PrivateKeyEntry");
    expect(good.stdout).toContain("Alias name: web hyades");
    const bad = await run(keytool, [...list, "-storepass", "wrong horse"]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain("Failed PKCS12 integrity checking");
  },
);
