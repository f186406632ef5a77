import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { derBitString, derOid, derSequence } from "../../keys/formats/der-writer.ts";
import { formatPem, parsePem } from "../../keys/formats/pem.ts";
import { sshString } from "../../keys/formats/ssh-wire.ts";
import { codeOf } from "../../protocol/problems.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  createRequestMaker,
  foreignRequest,
  requestAround,
  type RequestMaker,
  rsaModulus,
  rsaSpki,
  sshKey,
} from "../harness/hostile-request.ts";
import { askCertificates, type Identity, joinByHand, makeRequest } from "../harness/test-node.ts";

/** Cases 43 and 45: keys that are weak, malformed or foreign are refused before anything is recorded. */

let cluster: Cluster;
let requests: RequestMaker;
let identity: Identity;
const modulus = rsaModulus(2048);
const good = makeRequest();

beforeAll(async () => {
  cluster = await startCluster();
  requests = createRequestMaker();
  identity = await joinByHand(cluster, "m1");
  await refusalOf({ grant: "web", csr: "x" });
});
afterAll(async () => {
  requests[Symbol.dispose]();
  await cluster.dispose();
});

async function refusalOf(request: object): Promise<string> {
  const [result] = await askCertificates(cluster, [request], { identity });
  return result !== undefined && "problem" in result
    ? `${codeOf(result.problem)}: ${result.problem.detail ?? ""}`
    : "issued";
}

/** The ledger's bytes and where its log stands. */
async function recorded(): Promise<readonly string[]> {
  const folder = join(cluster.root, "var/lib/keysystem");
  const files = ["ledger.db", "ledger.db-wal"].map((name) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex"),
  );
  const signed = readFileSync(join(cluster.root, "var/lib/keysigner/signed.log"));
  return [...files, String(signed.length)];
}

/** Refused with this, and not a byte was written. */
async function expectRefused(request: object, want: RegExp): Promise<void> {
  const before = await recorded();
  expect(await refusalOf(request)).toMatch(want);
  expect(await recorded()).toEqual(before);
}

const EC = ["-algorithm", "EC", "-pkeyopt"];
const P256 = derSequence(derOid("2a8648ce3d0201"), derOid("2a8648ce3d030107"));
const ED25519 = derSequence(derOid("2b6570"));
const point = (fill: number): Buffer => Buffer.concat([Buffer.of(4), Buffer.alloc(64, fill)]);
const pemOf = (pem: string): Buffer => parsePem("CERTIFICATE REQUEST", pem);
const asRequest = (der: Buffer): string => formatPem("CERTIFICATE REQUEST", der);
const spoilt = (der: Buffer, at: number): Buffer => {
  const copy = Buffer.from(der);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};

test("what counts as recorded changes when a certificate is issued", async () => {
  const before = await recorded();
  expect(await refusalOf({ grant: "web", csr: good.csr })).toBe("issued");
  const after = await recorded();
  expect(after[1]).not.toBe(before[1]);
  expect(after[2]).not.toBe(before[2]);
});

describe("a PKCS#10 request", () => {
  test.each<readonly [string, () => Promise<string>, RegExp]>([
    ["RSA 1024", () => requests.makeOf(rsa(1024)), /^key\.weak: /],
    ["RSA with exponent 3", () => requests.makeOf(rsa(2048, 3)), /^key\.weak: /],
    ["P-521", () => requests.makeOf([...EC, "ec_paramgen_curve:P-521"]), /^key\.weak: /],
    ["secp256k1", () => requests.makeOf([...EC, "ec_paramgen_curve:secp256k1"]), /^key\.weak: /],
    ["Ed448", () => requests.makeOf(["-algorithm", "ED448"]), /^key\.weak: /],
    [
      "a compressed point",
      () => requests.makeOf(...compressed()),
      /^key\.malformed: .*uncompressed/,
    ],
    ["a curve by its numbers", () => requests.makeOf(explicit()), /^key\.weak: .*by name/],
  ])("of openssl's %s", async (_, make, want) => {
    await expectRefused({ grant: "web", csr: await make() }, want);
  });

  test.each<readonly [string, () => string, RegExp]>([
    ["RSA with exponent 1", () => requestAround(rsaSpki(modulus, 1)), /^key\.weak: /],
    ["RSA with an even exponent", () => requestAround(rsaSpki(modulus, 65_536)), /^key\.weak: /],
    [
      "RSA with an even modulus",
      () => requestAround(rsaSpki(even(modulus), 65_537)),
      /^key\.weak: /,
    ],
    [
      "a point that is not on its curve",
      () => requestAround(ec(point(7))),
      /^key\.weak: .*not on the curve/,
    ],
    ["the point of zeroes", () => requestAround(ec(point(0))), /^key\.weak: .*not on the curve/],
    ["the point at infinity", () => foreignRequest(ec(Buffer.of(0))), /^key\.malformed: /],
    ["Ed25519 of small order", () => requestAround(ed(smallOrder())), /^key\.(?:weak|malformed): /],
    ["Ed25519 of 31 bytes", () => foreignRequest(ed(Buffer.alloc(31, 9))), /^key\./],
    [
      "a byte after the request",
      () => asRequest(Buffer.concat([pemOf(good.csr), Buffer.of(0)])),
      /^key\.malformed/,
    ],
    ["a second request", () => good.csr + good.csr, /^key\.malformed: /],
    ["text before the request", () => `subject=CN=x\n${good.csr}`, /^key\.malformed: /],
    ["a request cut short", () => asRequest(pemOf(good.csr).subarray(0, 80)), /^key\.malformed: /],
    ["a length that is too large", () => asRequest(overlong(pemOf(good.csr))), /^key\.malformed: /],
    ["a certificate for a request", () => identity.certificate, /^key\.malformed: /],
    ["a certificate called a request", () => relabelled(), /^key\.malformed: /],
    ["a private key", () => good.key, /^key\.malformed: /],
    ["nothing", () => "", /^key\.malformed: /],
  ])("with %s", async (_, make, want) => {
    await expectRefused({ grant: "web", csr: make() }, want);
  });

  test("that its key has not signed is refused, and signed by nobody", async () => {
    const der = pemOf(good.csr);
    const csr = asRequest(spoilt(der, der.length - 1));
    const before = (await recorded())[2];
    expect(await refusalOf({ grant: "web", csr })).toMatch(/^key\.not_proven: /);
    expect((await recorded())[2]).toBe(before);
  });

  test("of a kind that the authority does not take", async () => {
    const csr = await requests.makeOf(["-algorithm", "ED25519"]);
    await expectRefused(
      { grant: "web", csr },
      /^policy\.key_kind: .*services: ecdsa-p256, rsa-3072/,
    );
  });
});

describe("an SSH public key", () => {
  test.each<readonly [string, () => Promise<string>, RegExp]>([
    ["RSA 1024", () => sshKey(requests.folder, "r1", ["-t", "rsa", "-b", "1024"]), /^key\.weak: /],
    ["P-521", () => sshKey(requests.folder, "p5", ["-t", "ecdsa", "-b", "521"]), /^key\.weak: /],
    ["P-256", () => sshKey(requests.folder, "p2", ["-t", "ecdsa"]), /^policy\.key_kind: /],
  ])("of ssh-keygen's %s", async (_, make, want) => {
    await expectRefused({ grant: "ssh-host", publicKey: await make() }, want);
  });

  test.each<readonly [string, () => string, RegExp]>([
    [
      "a security key",
      () => line("sk-ssh-ed25519@openssh.com", basePoint(), "ssh:"),
      /^policy\.key_kind: /,
    ],
    [
      "a security key of a web site",
      () => line("sk-ssh-ed25519@openssh.com", basePoint(), "https://x"),
      /^key\.malformed: /,
    ],
    ["DSA", () => line("ssh-dss", Buffer.alloc(128, 3)), /^key\.weak: .*ssh-dss/],
    ["Ed25519 of small order", () => line("ssh-ed25519", smallOrder()), /^key\./],
    ["Ed25519 of 31 bytes", () => line("ssh-ed25519", Buffer.alloc(31, 9)), /^key\./],
    ["bytes after the key", () => line("ssh-ed25519", basePoint(), "more"), /^key\.malformed: /],
    [
      "a length beyond its end",
      () => `ssh-ed25519 ${beyond().toString("base64")}`,
      /^key\.malformed: /,
    ],
    ["RSA with exponent 1", () => rsaLine(Buffer.of(1)), /^key\.weak: /],
    ["RSA with a negative exponent", () => rsaLine(Buffer.of(0x81, 0, 1)), /^key\.malformed: /],
  ])("that is %s", async (_, make, want) => {
    await expectRefused({ grant: "ssh-host", publicKey: make() }, want);
  });

  test("that is a certificate", async () => {
    const publicKey = await sshKey(requests.folder, "c1", ["-t", "ed25519"]);
    const [result] = await askCertificates(cluster, [{ grant: "ssh-host", publicKey }], {
      identity,
    });
    if (result === undefined || "problem" in result) throw new Error(JSON.stringify(result));
    const certificate = { grant: "ssh-host", publicKey: result.certificate };
    await expectRefused(certificate, /^key\.weak: a certificate stands where a public key belongs/);
  });

  test("that is an authority's own is never signed", async () => {
    const file = join(cluster.root, "var/lib/keysigner/authorities/ssh-host.pub");
    const publicKey = readFileSync(file, "utf8").split(" ").slice(0, 2).join(" ").trim();
    const before = (await recorded())[2];
    expect(await refusalOf({ grant: "ssh-host", publicKey })).toMatch(/^key\.weak: .*authority/);
    expect((await recorded())[2]).toBe(before);
  });
});

function rsa(bits: number, exponent = 65_537): readonly string[] {
  const size = ["-pkeyopt", `rsa_keygen_bits:${bits}`];
  return ["-algorithm", "RSA", ...size, "-pkeyopt", `rsa_keygen_pubexp:${exponent}`];
}
const compressed = (): readonly [readonly string[], readonly string[]] => [
  [...EC, "ec_paramgen_curve:P-256"],
  ["-ec_conv_form", "compressed"],
];
const explicit = (): readonly string[] => [
  ...EC,
  "ec_paramgen_curve:P-256",
  "-pkeyopt",
  "ec_param_enc:explicit",
];
const ec = (bytes: Buffer): Buffer => derSequence(P256, derBitString(bytes));
const ed = (bytes: Buffer): Buffer => derSequence(ED25519, derBitString(bytes));
const even = (number: Buffer): Buffer => spoilt(number, number.length - 1);

/** y = 1, the neutral element (RFC 8032 §5.1). */
const smallOrder = (): Buffer => Buffer.from("01".padEnd(64, "0"), "hex");
/** The base point of Ed25519: y = 4/5. */
const basePoint = (): Buffer => Buffer.from("58".padEnd(64, "6"), "hex");
const overlong = (der: Buffer): Buffer =>
  Buffer.concat([Buffer.from("308400ffffff", "hex"), der.subarray(4)]);
const relabelled = (): string => asRequest(parsePem("CERTIFICATE", identity.certificate));

const line = (type: string, ...fields: readonly (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([type, ...fields].map((field) => sshString(field))).toString("base64")}`;
const beyond = (): Buffer =>
  Buffer.concat([sshString("ssh-ed25519"), Buffer.from("7fffffff", "hex"), basePoint()]);
const rsaLine = (exponent: Buffer): string =>
  line("ssh-rsa", exponent, Buffer.concat([Buffer.of(0), modulus]));
