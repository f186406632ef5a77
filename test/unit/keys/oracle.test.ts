import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { formatPem } from "../../../keys/formats/pem.ts";
import { formatSshCertificate } from "../../../keys/formats/ssh-certificate.ts";
import { createSignerCore } from "../../../keys/signer/signer-core.ts";
import { grantsOf } from "../../../policy/grants.ts";
import { makeKey, type TestKey } from "./key-fixtures.ts";
import { makeCluster, sshClaim, tlsClaim } from "./policy-fixtures.ts";

const { folder, policy, authorities, remove } = await makeCluster();
afterAll(remove);

// openssl compares with the real clock, so these certificates are made at it.
const now = Math.floor(performance.timeOrigin / 1000);
const core = createSignerCore({ policy, policyHash: "h", authorities, now: () => now });
const keys = new Map<string, TestKey>();

function keyOf(kind: string | undefined): TestKey {
  const known = kind === "ed25519" || kind === "rsa-3072" ? kind : "ecdsa-p256";
  const key = keys.get(known) ?? makeKey(known);
  keys.set(known, key);
  return key;
}

/** Every (node, grant, kind of key) for which the example gives a certificate. */
const given = ["m1", "w1", "c1", "s1"].flatMap((node) =>
  grantsOf(policy, { kind: "node", node }).flatMap(({ grant, decision }) => {
    if (decision.verdict === "deny" || decision.plan.verb !== "issue") return [];
    const { content, authority, keys: kinds } = decision.plan;
    return kinds.map((kind) => ({ node, grant, kind, authority, content }));
  }),
);

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { stdio: "pipe" }).toString();

function make(node: string, grant: string, kind: string, form: "tls" | "ssh"): Buffer {
  const claim = (form === "tls" ? tlsClaim : sshClaim)(node, grant, keyOf(kind));
  const outcome = core.sign({ ...claim, at: now });
  if ("refused" in outcome) throw new Error(outcome.detail);
  return outcome.certificate;
}

const tls = given.filter(({ content }) => content.kind === "tls");
const ssh = given.filter(({ content }) => content.kind !== "tls");

test("the example gives certificates of every kind to nodes", () => {
  expect(tls.length).toBeGreaterThan(20);
  expect(ssh.length).toBeGreaterThanOrEqual(8);
});

describe("openssl verify -x509_strict", () => {
  test.for(tls)("$node $grant $kind", ({ node, grant, kind, authority, content }) => {
    if (content.kind !== "tls") throw new Error("not TLS");
    const path = join(folder, "leaf.pem");
    writeFileSync(path, formatPem("CERTIFICATE", make(node, grant, kind, "tls")));
    const anchor = join(folder, `${authority}.crt`);
    const purpose = content.usage.includes("server") ? "sslserver" : "sslclient";
    const said = run(
      "openssl",
      "verify",
      "-x509_strict",
      "-purpose",
      purpose,
      "-CAfile",
      anchor,
      path,
    );
    expect(said).toBe(`${path}: OK\n`);
    const text = run("openssl", "x509", "-in", path, "-noout", "-text");
    expect(text).toContain(`CN = ${content.cn}\n`);
    for (const name of [
      ...content.dns.map((dns) => `DNS:${dns}`),
      ...content.ip.map((ip) => `IP Address:${ip}`),
    ]) {
      expect(text).toContain(name);
    }
    expect(text).toContain("X509v3 Basic Constraints: critical\n                CA:FALSE");
  });

  test("refuses one of another authority", () => {
    const path = join(folder, "leaf.pem");
    writeFileSync(path, formatPem("CERTIFICATE", make("m1", "etcd-server", "ecdsa-p256", "tls")));
    const anchor = join(folder, "etcd-peer.crt");
    expect(() => run("openssl", "verify", "-CAfile", anchor, path)).toThrow("verification failed");
  });
});

describe("ssh-keygen -L", () => {
  test.for(ssh)("$node $grant $kind", ({ node, grant, kind, content }) => {
    if (content.kind === "tls") throw new Error("not SSH");
    const path = join(folder, "id-cert.pub");
    writeFileSync(path, `${formatSshCertificate(make(node, grant, kind, "ssh"))}\n`);
    const said = run("ssh-keygen", "-L", "-f", path);
    const listed = /Principals: \n([^]*?)\n\s+Critical/
      .exec(said)?.[1]
      ?.split("\n")
      .map((line) => line.trim());
    expect(listed).toEqual(content.principals);
    expect(said).toContain("host certificate");
    expect(said).toContain(`Key ID: "${content.keyId}"`);
  });

  test("a person's, signed with ECDSA", () => {
    const subject = {
      kind: "person",
      user: "bob",
      in: ["ldap:hyades-oncall", "ldap:staff"],
    } as const;
    const ask = { grant: "ssh-oncall", from: "10.9.1.1" };
    const outcome = core.sign({
      ...sshClaim("m1", "ssh-oncall", keyOf("ed25519")),
      subject,
      ask,
      at: now,
    });
    if ("refused" in outcome) throw new Error(outcome.detail);
    const path = join(folder, "user-cert.pub");
    writeFileSync(path, `${formatSshCertificate(outcome.certificate)}\n`);
    expect(run("ssh-keygen", "-L", "-f", path)).toMatch(
      /ECDSA.*[^]*user certificate|user certificate[^]*ECDSA/,
    );
    expect(run("ssh-keygen", "-L", "-f", path)).toContain(
      "source-address 10.9.0.0/16,2001:db8:9::/48",
    );
  });
});
