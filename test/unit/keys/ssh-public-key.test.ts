import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { KeyError } from "../../../keys/formats/format-error.ts";
import {
  formatSshPublicKey,
  parseSshKeyBlob,
  parseSshPublicKey,
} from "../../../keys/formats/ssh-public-key.ts";
import { sshString, sshUnsigned } from "../../../keys/formats/ssh-wire.ts";
import { makeKey } from "./key-fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "ssh-public-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

function generate(type: string, bits: string): string {
  const path = join(folder, `${type}-${bits}`);
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    type,
    "-b",
    bits,
    "-N",
    "",
    "-C",
    "someone@somewhere",
    "-f",
    path,
  ]);
  return readFileSync(`${path}.pub`, "utf8").trimEnd();
}

const codeOf = (line: string): string => {
  try {
    return `accepted ${parseSshPublicKey(line).kind}`;
  } catch (error) {
    return error instanceof KeyError ? error.code : `threw ${String(error)}`;
  }
};

test.for([
  ["ed25519", "256", "ed25519"],
  ["ecdsa", "256", "ecdsa-p256"],
  ["ecdsa", "384", "ecdsa-p384"],
  ["rsa", "2048", "rsa-2048"],
  ["rsa", "3072", "rsa-3072"],
])("accepts ssh-keygen -t %s -b %s as %s", ([type = "", bits = "", kind]) => {
  const line = generate(type, bits);
  const key = parseSshPublicKey(line);
  expect(key.kind).toBe(kind);
  expect(line.startsWith(`${formatSshPublicKey(key)} someone`)).toBe(true);
});

const point = makeKey("ed25519").spki.subarray(12);
const SK = "sk-ssh-ed25519@openssh.com";
const lineOf = (type: string, ...fields: readonly (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([sshString(type), ...fields.map(sshString)]).toString("base64")}`;

test("accepts a security key, and no other application than ssh:", () => {
  expect(codeOf(lineOf(SK, point, "ssh:"))).toBe("accepted ed25519-sk");
  expect(codeOf(lineOf(SK, point, "https://example.org"))).toBe("key.malformed");
  expect(codeOf(lineOf(SK, point))).toBe("key.malformed");
});

describe("refuses", () => {
  const good = lineOf("ssh-ed25519", point);
  const base64 = good.slice("ssh-ed25519 ".length);
  const p256 = makeKey("ecdsa-p256").spki.subarray(26);
  const off = Buffer.from(p256);
  off.writeUInt8(off.readUInt8(64) ^ 1, 64);
  const rsa = (e: Buffer, n: Buffer): string =>
    `ssh-rsa ${Buffer.concat([sshString("ssh-rsa"), sshUnsigned(e), sshUnsigned(n)]).toString("base64")}`;
  const F4 = Buffer.of(1, 0, 1);

  test("nothing of the kind below when nothing is wrong", () => {
    expect(codeOf(good)).toBe("accepted ed25519");
    expect(codeOf(`${good} a comment`)).toBe("accepted ed25519");
    expect(codeOf(lineOf("ecdsa-sha2-nistp256", "nistp256", p256))).toBe("accepted ecdsa-p256");
  });

  test.for([
    ["nothing", "key.malformed", ""],
    ["options", "key.malformed", `command="id" ${good}`],
    ["options without a command", "key.malformed", `cert-authority ${good}`],
    ["a newline at the end", "key.malformed", `${good}\n`],
    ["a newline in the comment", "key.malformed", `${good} a\nb`],
    ["a carriage return in the comment", "key.malformed", `${good} a\rb`],
    ["an escape in the comment", "key.malformed", `${good} \u001b[2J`],
    ["two keys", "key.malformed", `${good}\n${good}`],
    ["leading space", "key.malformed", ` ${good}`],
    ["two spaces", "key.malformed", `ssh-ed25519  ${base64}`],
    ["a comment of 5000", "key.malformed", `${good} ${"x".repeat(5000)}`],
    ["no type", "key.malformed", base64],
    ["another type than the key's", "key.malformed", `ssh-rsa ${base64}`],
    ["bytes behind the key", "key.malformed", lineOf("ssh-ed25519", point, "x")],
    ["a length beyond the end", "key.malformed", lineOf("ssh-ed25519", point).slice(0, -8)],
    ["base64 that is not canonical", "key.malformed", `${good}=`],
    ["31 bytes", "key.malformed", lineOf("ssh-ed25519", point.subarray(1))],
    ["small order", "key.weak", lineOf("ssh-ed25519", Buffer.alloc(32))],
    ["a point beside the curve", "key.weak", lineOf("ecdsa-sha2-nistp256", "nistp256", off)],
    ["another curve's name", "key.malformed", lineOf("ecdsa-sha2-nistp256", "nistp384", p256)],
    [
      "a compressed point",
      "key.malformed",
      lineOf("ecdsa-sha2-nistp256", "nistp256", p256.subarray(0, 33)),
    ],
    ["P-521", "key.weak", generate("ecdsa", "521")],
    ["DSA", "key.weak", lineOf("ssh-dss", "p", "q", "g", "y")],
    [
      "a FIDO key on P-256",
      "key.weak",
      lineOf("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", p256, "ssh:"),
    ],
    ["RSA of 1024 bits", "key.weak", rsa(F4, Buffer.alloc(128, 0xff))],
    ["exponent 3", "key.weak", rsa(Buffer.of(3), makeKey("rsa-2048").spki.subarray(33, 289))],
    ["a certificate", "key.weak", certificate()],
  ] as const)("%s", ([, code, line]) => expect(codeOf(line)).toBe(code));

  function certificate(): string {
    const path = join(folder, "subject");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
    execFileSync("ssh-keygen", ["-q", "-s", path, "-I", "id", "-n", "root", `${path}.pub`]);
    return readFileSync(`${path}-cert.pub`, "utf8").trimEnd();
  }
});

test("random blobs are never accepted, and only ever refused", () => {
  const types = fc.constantFrom("ssh-ed25519", SK, "ecdsa-sha2-nistp256", "ssh-rsa");
  const property = fc.property(types, fc.uint8Array({ maxLength: 120 }), (type, random) => {
    const blob = Buffer.concat([sshString(type), random]);
    expect(() => parseSshKeyBlob(blob)).toThrow(KeyError);
  });
  fc.assert(property);
});
