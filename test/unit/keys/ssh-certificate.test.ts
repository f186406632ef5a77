import { describe, expect, test } from "vitest";
import { FormatError } from "../../../keys/formats/format-error.ts";
import {
  parseSshCertificate,
  parseSshCertificateLine,
  formatSshCertificate,
} from "../../../keys/formats/ssh-certificate.ts";
import {
  createSshTemplate,
  fillSshTemplate,
  sealSshCertificate,
} from "../../../keys/formats/ssh-certificate-template.ts";
import { parseSshKeyBlob } from "../../../keys/formats/ssh-public-key.ts";
import { sshString, sshUint32, sshUint64 } from "../../../keys/formats/ssh-wire.ts";
import type { SshContent } from "../../../policy/decision.ts";
import { makeKey } from "./key-fixtures.ts";

const authorityKey = parseSshKeyBlob(makeKey("ed25519").ssh);
const key = parseSshKeyBlob(makeKey("ecdsa-p384").ssh);
const host: SshContent = {
  kind: "ssh-host",
  keyId: "node:m1 ssh-host",
  principals: ["m1.example", "10.0.0.1"],
  extensions: [],
  sourceAddress: [],
};
const person: SshContent = { ...host, kind: "ssh-user", principals: ["alice"] };

const encode = (content: SshContent): Buffer => {
  const blanks = {
    nonce: Buffer.alloc(32, 7),
    serial: Buffer.alloc(8, 1),
    key,
    validAfter: 1,
    validBefore: 2 ** 33,
  };
  return sealSshCertificate(
    fillSshTemplate(createSshTemplate(content, authorityKey), blanks),
    sshString("x"),
  );
};

test("what is encoded is read again", () => {
  const content = {
    ...person,
    extensions: ["permit-pty", "permit-X11-forwarding"],
    sourceAddress: ["10.0.0.0/8", "::/0"],
    forceCommand: "id",
  };
  const made = parseSshCertificate(encode(content));
  expect(made).toMatchObject({
    type: "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    serial: "0101010101010101",
    kind: "ssh-user",
    principals: ["alice"],
    validAfter: 1,
    validBefore: 2 ** 33,
    criticalOptions: [
      { name: "force-command", value: "id" },
      { name: "source-address", value: "10.0.0.0/8,::/0" },
    ],
    extensions: [
      { name: "permit-X11-forwarding", value: "" },
      { name: "permit-pty", value: "" },
    ],
  });
  expect(made.key.blob).toEqual(key.blob);
  expect(parseSshCertificateLine(`${formatSshCertificate(made.blob)} comment\n`).keyId).toBe(
    content.keyId,
  );
});

describe("never encodes", () => {
  test.for<readonly [string, readonly string[]]>([
    ["no principals", []],
    ["an empty one", [""]],
    ["an empty one among others", ["alice", ""]],
    ["a list in one", ["alice,root"]],
    ["a comma alone", [","]],
    ["everyone", ["*"]],
    ["a pattern", ["al*"]],
    ["NUL", ["alice\0"]],
    ["a newline", ["alice\n"]],
    ["a carriage return", ["alice\r"]],
    ["an escape", ["\u001b[2J"]],
    ["a space", ["alice root"]],
    ["another alphabet's a", ["аlice"]],
    ["a combining accent", ["alice\u0301"]],
    ["256 letters", ["a".repeat(256)]],
  ])("for a person: %s", ([, principals]) =>
    expect(() => encode({ ...person, principals })).toThrow(FormatError),
  );

  test.for<readonly [string, readonly string[]]>([
    ["no principals", []],
    ["an empty one", [""]],
    ["a list in one", ["m1,m2"]],
    ["everyone", ["*"]],
    ["a newline", ["m1\n"]],
  ])("for a host: %s", ([, principals]) =>
    expect(() => encode({ ...host, principals })).toThrow(FormatError),
  );

  test("a key id or command of several lines", () => {
    expect(() => encode({ ...host, keyId: "a\nb" })).toThrow(FormatError);
    expect(() => encode({ ...host, keyId: "" })).toThrow(FormatError);
    expect(() => encode({ ...person, forceCommand: "id\nid" })).toThrow(FormatError);
  });
});

describe("never reads", () => {
  const good = encode(host);
  const options = (...names: readonly string[]): Buffer =>
    sshString(Buffer.concat(names.flatMap((name) => [sshString(name), sshString("")])));
  /** The certificate with its options replaced by these bytes. */
  const withOptions = (critical: Buffer, extensions: Buffer, reserved = sshString("")): Buffer => {
    const template = createSshTemplate(host, authorityKey);
    const blanks = {
      nonce: Buffer.alloc(32),
      serial: Buffer.alloc(8, 1),
      key,
      validAfter: 1,
      validBefore: 2,
    };
    const signed = fillSshTemplate(
      {
        ...template,
        options: Buffer.concat([critical, extensions, reserved, sshString(authorityKey.blob)]),
      },
      blanks,
    );
    return sealSshCertificate(signed, sshString("x"));
  };

  test("not even what is right", () => {
    expect(() => parseSshCertificate(good)).not.toThrow();
    expect(() => parseSshCertificate(withOptions(options("a", "b"), options("c")))).not.toThrow();
  });

  test.for<readonly [string, Buffer]>([
    ["bytes behind", Buffer.concat([good, Buffer.of(0)])],
    ["a byte less", good.subarray(0, -1)],
    ["a plain key", key.blob],
    ["options out of order", withOptions(options("b", "a"), options())],
    ["an option twice", withOptions(options("a", "a"), options())],
    ["extensions out of order", withOptions(options(), options("b", "a"))],
    ["something reserved", withOptions(options(), options(), sshString("x"))],
    ["an option cut short", withOptions(sshString(sshString("a")), options())],
    ["an unknown kind", replace(good, sshUint32(2), sshUint32(3))],
    ["a time beyond 2^48", replace(good, sshUint64(2 ** 33), Buffer.alloc(8, 0xff))],
    ["an unknown type", replace(good, Buffer.from("cert-v01"), Buffer.from("cert-v02"))],
  ])("%s", ([, blob]) => expect(() => parseSshCertificate(blob)).toThrow(FormatError));

  /** The last place of `from` before the key id, or the first behind it. */
  function replace(blob: Buffer, from: Buffer, to: Buffer): Buffer {
    const at = from.length === 4 ? blob.indexOf(sshString(host.keyId)) - 4 : blob.indexOf(from);
    expect(blob.subarray(at, at + from.length)).toEqual(from);
    return Buffer.concat([blob.subarray(0, at), to, blob.subarray(at + from.length)]);
  }
});
