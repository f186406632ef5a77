import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sshKey } from "../harness/hostile-request.ts";
import { type PeopleCluster, type Person, startPeopleCluster } from "../harness/people.ts";
import { askSsh, makeSshKey, showSsh, sshString } from "../harness/people-requests.ts";
import { readSshCertificate } from "../harness/ssh-certificate-reader.ts";

/** Cases 42 and 46: a person's key is one key and nothing else, and principals are the grant's to the byte. */

let people: PeopleCluster;
let alice: Person;
let bob: Person;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keys-"));
  people = await startPeopleCluster();
  alice = await people.person("alice@EXAMPLE.EDU");
  bob = await people.person("bob@EXAMPLE.EDU");
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const line = (type: string, ...parts: readonly (Buffer | string)[]): string => {
  const blob = Buffer.concat([sshString(type), ...parts.map(sshString)]);
  return `${type} ${blob.toString("base64")}`;
};
const POINT = Buffer.alloc(32, 9);
const OWN = makeSshKey();
const [TYPE = "", BASE64 = ""] = OWN.split(" ");
const BLOB = Buffer.from(BASE64, "base64");
const withBlob = (blob: Buffer): string => `ssh-ed25519 ${blob.toString("base64")}`;
const longField = Buffer.concat([BLOB.subarray(0, 15), Buffer.from("7fffffff", "hex"), POINT]);

describe("a key", () => {
  test.each<readonly [string, string]>([
    ["trailing bytes in the blob", withBlob(Buffer.concat([BLOB, Buffer.of(0)]))],
    ["a second key in the blob", withBlob(Buffer.concat([BLOB, BLOB]))],
    ["a blob that is cut short", withBlob(BLOB.subarray(0, -1))],
    ["a field that is longer than the blob", withBlob(longField)],
    ["a key of 31 bytes", line("ssh-ed25519", POINT.subarray(1))],
    ["a key of 33 bytes", line("ssh-ed25519", Buffer.concat([POINT, Buffer.of(1)]))],
    ["a line end in the comment", `${OWN} a\nssh-ed25519 ${BASE64}`],
    ["a carriage return in the comment", `${OWN} a\rcommand="x"`],
    ["a NUL in the comment", `${OWN} a\0`],
    ["an escape in the comment", `${OWN} \u001b[2J`],
    ["options before the key", `command="reboot" ${OWN}`],
    ["cert-authority before the key", `cert-authority ${OWN}`],
    ["principals before the key", `principals="root" ${OWN}`],
    ["two keys", `${OWN}\n${makeSshKey()}`],
    ["a line end behind it", `${OWN}\n`],
    ["a space before it", ` ${OWN}`],
    ["two spaces", `${TYPE}  ${BASE64}`],
    ["a tab", `${TYPE}\t${BASE64}`],
    ["another type than its own", `ecdsa-sha2-nistp256 ${BASE64}`],
    ["a certificate's type", `ssh-ed25519-cert-v01@openssh.com ${BASE64}`],
    ["base64 with a line end in it", `${TYPE} ${BASE64.slice(0, 20)}\n${BASE64.slice(20)}`],
    ["base64 of URLs", `${TYPE} ${BASE64.slice(0, -4)}_-_-`],
    ["no base64 at all", TYPE],
    [
      "the private key",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    ],
    ["a key of DSA", line("ssh-dss", POINT, POINT, POINT, POINT)],
    [
      "a security key of another application",
      line("sk-ssh-ed25519@openssh.com", POINT, "https://evil.test"),
    ],
    [
      "a security key with a line end in its application",
      line("sk-ssh-ed25519@openssh.com", POINT, "ssh:\n"),
    ],
    [
      "a point of ECDSA that is on no curve",
      line("ecdsa-sha2-nistp256", "nistp256", Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])),
    ],
  ])("with %s is refused", async (_, publicKey) => {
    const { certificate, refusal } = await askSsh(people, alice, { grant: "ssh-login", publicKey });
    expect(refusal).toMatch(/^(?:key\.malformed|key\.weak|policy\.key_kind)/);
    expect(certificate).toBeUndefined();
  });

  test("that is a certificate already is refused, with these words", async () => {
    const first = await askSsh(people, alice, { grant: "ssh-login" });
    const again = await askSsh(people, alice, {
      grant: "ssh-login",
      publicKey: first.certificate ?? "",
    });
    expect(again.refusal).toBe("key.weak: a certificate stands where a public key belongs");
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    ["RSA of 2048 bits", ["-t", "rsa", "-b", "2048"], /^key\.weak|^policy\.key_kind/],
    ["RSA of 3072 bits", ["-t", "rsa", "-b", "3072"], /^policy\.key_kind: rsa-3072 is not among/],
    ["ECDSA P-384", ["-t", "ecdsa", "-b", "384"], /^policy\.key_kind/],
    ["ECDSA P-521", ["-t", "ecdsa", "-b", "521"], /^key\.weak|^policy\.key_kind/],
  ])("of %s is not what the authority takes", async (name, args, want) => {
    const publicKey = await sshKey(folder, name.replaceAll(" ", "-"), args);
    expect((await askSsh(people, alice, { grant: "ssh-login", publicKey })).refusal).toMatch(want);
  });

  test.each<readonly [string, () => Promise<string>, string]>([
    [
      "ECDSA P-256",
      () => sshKey(folder, "p256", ["-t", "ecdsa", "-b", "256"]),
      "ecdsa-sha2-nistp256-cert-v01@openssh.com user certificate",
    ],
    [
      "Ed25519 in a security key",
      () =>
        Promise.resolve(
          line("sk-ssh-ed25519@openssh.com", Buffer.from(BLOB.subarray(-32)), "ssh:"),
        ),
      "sk-ssh-ed25519-cert-v01@openssh.com user certificate",
    ],
    [
      "Ed25519 with a comment",
      () => Promise.resolve(`${makeSshKey()} alice@her laptop command="x"`),
      "ssh-ed25519-cert-v01@openssh.com user certificate",
    ],
  ])("of %s gets its certificate, and stays the same key", async (_, make, type) => {
    const publicKey = await make();
    const { certificate = "", refusal } = await askSsh(people, alice, {
      grant: "ssh-login",
      publicKey,
    });
    expect(refusal).toBe("");
    expect((await showSsh(certificate)).type).toBe(type);
    const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
    // Type, nonce, then the key as it was sent (PROTOCOL.certkeys).
    const own = blob.subarray(4 + blob.readUInt32BE(0));
    const sent = readSshCertificate(certificate);
    expect(sent.afterNonce.subarray(0, own.length).equals(own)).toBe(true);
  });
});

describe("principals", () => {
  const LETTERS = ["ceph-ops", "kube-ops"];

  test.each<readonly [string, readonly unknown[]]>([
    ["root", ["root"]],
    ["a comma", ["ceph-ops,root"]],
    ["NUL", ["ceph-ops\0"]],
    ["a line end", ["ceph-ops\n"]],
    ["a carriage return", ["ceph-ops\r"]],
    ["an escape", ["\u001b[2Jceph-ops"]],
    ["the empty string", [""]],
    ["the empty string beside a good one", ["ceph-ops", ""]],
    ["a star", ["*"]],
    ["a pattern", ["ceph-*"]],
    ["a negation", ["!root"]],
    ["256 characters", ["a".repeat(256)]],
    ["a Cyrillic letter", ["\u0441eph-ops"]],
    ["other capital letters", ["Ceph-Ops"]],
    ["a letter and its accent", ["ce\u0301ph-ops"]],
    ["full-width letters", ["\uff43eph-ops"]],
    ["a space before", [" ceph-ops"]],
    ["a space behind", ["ceph-ops "]],
    ["an invisible space", ["ceph-ops\u200b"]],
    ["half a character", ["ceph-ops\ud800"]],
    ["twice the same and one more", ["ceph-ops", "ceph-ops", "kube-ops"]],
    ["two where one may be chosen", LETTERS],
    ["her own", ["bob"]],
    ["a number", [1]],
    ["a list in a list", [["ceph-ops"]]],
    ["null", [null]],
    ["33 of them", Array.from({ length: 33 }, () => "ceph-ops")],
  ])("with %s are refused", async (_, principals) => {
    const outcome = await askSsh(people, bob, { grant: "ssh-oncall", principals }).catch(
      (error: unknown) => ({ refusal: String(error) }),
    );
    expect(outcome.refusal).toMatch(/^policy\.choice|^Error: certificates: 400 /);
  });

  test.each<readonly [readonly string[] | undefined, readonly string[]]>([
    [undefined, ["bob"]],
    [[], ["bob"]],
    [["ceph-ops"], ["bob", "ceph-ops"]],
    [["kube-ops"], ["bob", "kube-ops"]],
    [
      ["ceph-ops", "ceph-ops"],
      ["bob", "ceph-ops"],
    ],
  ])("%j become %j, byte for byte", async (principals, want) => {
    const fields = principals === undefined ? {} : { principals };
    const { certificate = "", refusal } = await askSsh(people, bob, {
      grant: "ssh-oncall",
      ...fields,
    });
    expect(refusal).toBe("");
    const { principals: written, keyId } = readSshCertificate(certificate);
    expect(written.map((bytes) => bytes.toString("latin1"))).toEqual(want);
    expect(keyId.toString("latin1")).toBe("kerberos:bob@EXAMPLE.EDU ssh-oncall");
  });
});
