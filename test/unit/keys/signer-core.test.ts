import { sign } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { parseCertificate } from "../../../keys/formats/certificate.ts";
import { readProfile } from "../../../keys/formats/certificate-profile.ts";
import { parseSshCertificate } from "../../../keys/formats/ssh-certificate.ts";
import type { Claim, Issued, Outcome } from "../../../keys/signer/claim.ts";
import { createServerProfile } from "../../../keys/signer/server-profile.ts";
import { createSignerCore } from "../../../keys/signer/signer-core.ts";
import { makeKey, proofOf } from "./key-fixtures.ts";
import { makeCluster, NOW, sshClaim, sshSerial, tlsClaim, tlsSerial } from "./policy-fixtures.ts";

const { policy, authorities, remove } = await makeCluster();
afterAll(remove);

const HOUR = 3600;
const DAY = 24 * HOUR;
const core = createSignerCore({ policy, policyHash: "h", authorities, now: () => NOW });
const key = makeKey("ecdsa-p256");
const rsa = makeKey("rsa-3072");
const ed25519 = makeKey("ed25519");

function issued(outcome: Outcome): Issued {
  if ("refused" in outcome) throw new Error(`${outcome.refused}: ${outcome.detail}`);
  return outcome;
}
const codeOf = (outcome: Outcome): string => ("refused" in outcome ? outcome.refused : "issued");

test("a certificate says what the plan says, to the second", () => {
  const claim = tlsClaim("m1", "etcd-server", key);
  const made = issued(core.sign(claim));
  const certificate = parseCertificate(made.certificate);
  expect(certificate).toMatchObject({
    serial: claim.serial,
    notBefore: NOW - 300,
    notAfter: NOW + 30 * DAY - 1,
  });
  expect(certificate.publicKey.spki).toEqual(key.spki);
  expect(readProfile(certificate)).toMatchObject({
    cn: "etcd-m1",
    o: [],
    ca: false,
    keyUsage: ["digitalSignature"],
    usage: ["server", "client"],
    dns: ["m1.hyades.example.edu", "m1", "localhost"],
    ip: ["10.18.60.11"],
  });
  expect(made).toMatchObject({
    authority: "etcd-server",
    grant: "etcd-server",
    notBefore: NOW - 300,
    notAfter: NOW + 30 * DAY - 1,
  });
});

test("an RSA key may encipher keys", () => {
  const { certificate } = issued(core.sign(tlsClaim("m1", "kubelet", rsa)));
  expect(readProfile(parseCertificate(certificate)).keyUsage).toEqual([
    "digitalSignature",
    "keyEncipherment",
  ]);
});

test("an SSH host certificate says what the plan says", () => {
  const claim = sshClaim("w1", "ssh-host", ed25519);
  const made = issued(core.sign(claim));
  expect(parseSshCertificate(made.certificate)).toMatchObject({
    serial: claim.serial,
    kind: "ssh-host",
    principals: ["w1.hyades.example.edu", "w1", "10.18.60.21"],
    validAfter: NOW - 300,
    validBefore: NOW + 60 * DAY,
    criticalOptions: [],
    extensions: [],
  });
  expect(made.notAfter).toBe(NOW + 60 * DAY - 1);
});

test("an SSH user certificate carries source addresses and what was chosen", () => {
  const subject = {
    kind: "person",
    user: "bob",
    in: ["ldap:hyades-oncall", "ldap:staff"],
  } as const;
  const ask = { grant: "ssh-oncall", choose: ["ceph-ops"], from: "10.9.1.1" };
  const made = issued(core.sign({ ...sshClaim("m1", "ssh-oncall", ed25519), subject, ask }));
  expect(parseSshCertificate(made.certificate)).toMatchObject({
    kind: "ssh-user",
    principals: ["bob", "ceph-ops"],
    criticalOptions: [{ name: "source-address", value: "10.9.0.0/16,2001:db8:9::/48" }],
    extensions: [{ name: "permit-pty", value: "" }],
  });
});

describe("a claim is refused", () => {
  const good = (): Claim => tlsClaim("m1", "etcd-server", key);
  const ssh = (): Claim => sshClaim("m1", "ssh-host", ed25519);
  const person = {
    kind: "person",
    in: ["ldap:hyades-users", "ldap:active"],
    user: "alice",
  } as const;
  const withAsk = (claim: Claim, ask: Partial<Claim["ask"]>): Claim => ({
    ...claim,
    ask: { ...claim.ask, ...ask },
  });

  test("not when nothing is wrong", () => {
    expect(codeOf(core.sign(good()))).toBe("issued");
    expect(codeOf(core.sign(ssh()))).toBe("issued");
  });

  test.for<readonly [string, string, Claim]>([
    ["for another node's grant", "policy.not_granted", tlsClaim("w1", "etcd-server", key)],
    ["of an unknown node", "policy.unknown_node", tlsClaim("x9", "etcd-server", key)],
    ["for an unknown grant", "policy.unknown_grant", tlsClaim("m1", "root-ca", key)],
    ["of a node for a person's grant", "policy.not_granted", tlsClaim("m1", "kube-admin", key)],
    ["of a node for root by SSH", "policy.not_granted", sshClaim("m1", "ssh-root", ed25519)],
    ["of root on the master", "policy.not_granted", { ...good(), subject: { kind: "root" } }],
    ["of a person for a node's grant", "policy.not_granted", { ...good(), subject: person }],
    ["for a file", "signer.refused", tlsClaim("m1", "service-account-key", key)],
    ["from another address", "policy.address", withAsk(good(), { from: "10.18.60.12" })],
    [
      "for longer than granted",
      "policy.lifetime_too_long",
      withAsk(good(), { lifetime: 30 * DAY + 1 }),
    ],
    [
      "with a key that the authority does not take",
      "policy.key_kind",
      tlsClaim("m1", "etcd-server", rsa),
    ],
    ["with an SSH key for TLS", "policy.key_kind", { ...sshClaim("m1", "etcd-server", ed25519) }],
    ["with an accepted SSH key for TLS", "signer.refused", sshClaim("m1", "etcd-server", key)],
    ["with a TLS key for SSH", "signer.refused", tlsClaim("m1", "ssh-host", ed25519)],
    ["61 s ahead", "signer.refused", { ...good(), at: NOW + 61 }],
    ["61 s behind", "signer.refused", { ...good(), at: NOW - 61 }],
    ["with serial 0", "signer.refused", { ...good(), serial: "0".repeat(40) }],
    ["with a negative serial", "signer.refused", { ...good(), serial: `8${"0".repeat(39)}` }],
    ["with a short serial", "signer.refused", { ...good(), serial: "1".repeat(16) }],
    [
      "with an upper-case serial",
      "signer.refused",
      { ...good(), serial: "A".repeat(40).replace("A", "1") },
    ],
    ["with a long serial for SSH", "signer.refused", { ...ssh(), serial: tlsSerial() }],
    ["with serial 0 for SSH", "signer.refused", { ...ssh(), serial: "0".repeat(16) }],
    [
      "with another key's proof",
      "key.not_proven",
      { ...good(), proof: proofOf(makeKey("ecdsa-p256")) },
    ],
    ["with a key of SSH that is no point", "key.malformed", { ...ssh(), publicKey: noPoint() }],
    ["with a key that is no key", "key.malformed", { ...good(), publicKey: Buffer.alloc(91) }],
    [
      "with a proof that is no request",
      "key.malformed",
      { ...good(), proof: signedByKey(Buffer.from("hello")) },
    ],
  ])("%s: %s", ([, code, claim]) => expect(codeOf(core.sign(claim))).toBe(code));

  function noPoint(): Buffer {
    const blob = Buffer.from(ed25519.ssh);
    blob.fill(0, 19);
    blob.writeUInt8(2, 19);
    return blob;
  }
  function signedByKey(signed: Buffer): NonNullable<Claim["proof"]> {
    return { signed, signature: sign("sha256", signed, key.privateKey), hash: "sha256" };
  }

  test("with a signature that does not fit, or is of another hash", () => {
    const proof = proofOf(key);
    const forged = Buffer.from(proof.signature);
    forged.writeUInt8(forged.readUInt8(20) ^ 1, 20);
    expect(codeOf(core.sign({ ...good(), proof: { ...proof, signature: forged } }))).toBe(
      "key.not_proven",
    );
    expect(codeOf(core.sign({ ...good(), proof: { ...proof, hash: "sha512" } }))).toBe(
      "key.not_proven",
    );
    expect(codeOf(core.sign({ ...good(), proof: { ...proof, hash: "none" } }))).toBe(
      "key.not_proven",
    );
  });

  test("when its serial was signed before, for whatever it was", () => {
    const first = good();
    expect(codeOf(core.sign(first))).toBe("issued");
    expect(core.sign(first)).toEqual({
      refused: "signer.refused",
      detail: `serial ${first.serial} was signed before`,
    });
    expect(codeOf(core.sign({ ...tlsClaim("m2", "etcd-peer", key), serial: first.serial }))).toBe(
      "signer.refused",
    );
  });

  test("for a key that belongs to an authority", () => {
    const own = authorities.get("nodes");
    if (own === undefined) throw new Error("no authority");
    const { spki } = own.publicKey;
    expect(core.sign({ ...good(), publicKey: spki })).toMatchObject({ refused: "key.weak" });
    const host = authorities.get("ssh-host");
    if (host?.kind !== "ssh-host") throw new Error("no authority");
    expect(core.sign({ ...ssh(), publicKey: host.sshKey.blob })).toMatchObject({
      refused: "key.weak",
    });
  });

  test("once its authority has expired; before that it ends with the authority", () => {
    const authority = authorities.get("etcd-server");
    const end = authority?.kind === "tls" ? authority.notAfter : 0;
    const at = (now: number): Outcome =>
      createSignerCore({ policy, policyHash: "h", authorities, now: () => now }).sign({
        ...good(),
        at: now,
      });
    expect(issued(at(end - DAY)).notAfter).toBe(end);
    expect(issued(at(end)).notAfter).toBe(end);
    expect(codeOf(at(end + 1))).toBe("signer.refused");
  });
});

test("validity is exact for any instant and lifetime", () => {
  const far = fc.integer({ min: 1_700_000_000, max: 1_790_000_000 });
  const property = fc.property(far, fc.integer({ min: 1, max: 30 * DAY }), (now, lifetime) => {
    const at = createSignerCore({ policy, policyHash: "h", authorities, now: () => now });
    const claim = { ...tlsClaim("m1", "etcd-server", key), at: now };
    const { certificate } = issued(at.sign({ ...claim, ask: { ...claim.ask, lifetime } }));
    const { notBefore, notAfter } = parseCertificate(certificate);
    expect(notAfter - notBefore + 1).toBe(lifetime + 300);
    expect(notBefore).toBe(now - 300);
  });
  fc.assert(property, { numRuns: 50 });
});

describe("keyserver's own certificate", () => {
  const profile = createServerProfile(["keyserver.hyades.local", "10.18.60.40", "::1"]);
  const claim = { serial: tlsSerial(), at: NOW, publicKey: key.spki, proof: proofOf(key) };

  test("holds the configured names and serves only", () => {
    const made = issued(core.signServer(claim, profile));
    const certificate = parseCertificate(made.certificate);
    expect(readProfile(certificate)).toMatchObject({
      cn: "keyserver",
      usage: ["server"],
      dns: ["keyserver.hyades.local"],
      ip: ["10.18.60.40", "::1"],
    });
    expect(certificate.notAfter).toBe(NOW + 30 * DAY - 1);
    expect(made.authority).toBe("nodes");
  });

  test("needs a proof, a new serial and the right time", () => {
    const proof = proofOf(makeKey("ecdsa-p256"));
    expect(codeOf(core.signServer({ ...claim, serial: tlsSerial(), proof }, profile))).toBe(
      "key.not_proven",
    );
    expect(codeOf(core.signServer(claim, profile))).toBe("signer.refused");
    expect(
      codeOf(core.signServer({ ...claim, serial: tlsSerial(), at: NOW - HOUR }, profile)),
    ).toBe("signer.refused");
    expect(codeOf(core.signServer({ ...claim, serial: sshSerial() }, profile))).toBe(
      "signer.refused",
    );
  });
});

test("nobody gets what the policy does not give, whatever is claimed", () => {
  const grants = [...policy.grants.keys()];
  const nodes = [...policy.nodes.keys()];
  const property = fc.property(
    fc.constantFrom(...grants),
    fc.constantFrom(...nodes),
    (grant, node) => {
      const outcome = core.sign(tlsClaim(node, grant, key));
      if ("refused" in outcome) return;
      const { cn, dns } = readProfile(parseCertificate(outcome.certificate));
      expect(outcome.grant).toBe(grant);
      const names = dns.filter((name) =>
        nodes.some((other) => other !== node && name.split(".")[0] === other),
      );
      expect(names).toEqual([]);
      expect(cn).not.toMatch(/^(?:root|user):/);
    },
  );
  fc.assert(property, { numRuns: 100 });
});
