import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as peculiar from "@peculiar/x509";
import { run } from "./command.ts";
import type { Expected } from "./example-policy.ts";

type ExpectedTls = Extract<Expected, { readonly kind: "tls" }>;

const USAGE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const PURPOSE = { server: "sslserver", client: "sslclient" } as const;

/** What independent programs have against a certificate that should be `expected`; empty when nothing. */
export async function judgeTls(
  certificate: string,
  anchor: string,
  expected: ExpectedTls,
): Promise<readonly string[]> {
  return [
    ...judgeByNode(certificate, anchor, expected),
    ...judgeByPeculiar(certificate, expected),
    ...(await judgeByOpenssl(certificate, anchor, expected)),
  ];
}

const differ = (what: string, found: unknown, wanted: unknown): readonly string[] => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  return a === b ? [] : [`${what} is ${a}, not ${b}`];
};

/** Node's own parser and OpenSSL's signature check. */
function judgeByNode(pem: string, anchor: string, expected: ExpectedTls): readonly string[] {
  const { usage, dns = [], ip = [], days } = expected;
  const x509 = new X509Certificate(pem);
  const issuer = new X509Certificate(anchor);
  const names = [...dns.map((name) => `DNS:${name}`), ...ip.map((name) => `IP Address:${name}`)];
  const found = x509.subjectAltName?.split(", ") ?? [];
  const life = (x509.validToDate.getTime() - x509.validFromDate.getTime()) / 1000;
  const signed = x509.checkIssued(issuer) && x509.verify(issuer.publicKey);
  return [
    ...differ("subjectAltName", found.sort(), names.sort()),
    ...differ("extKeyUsage", [...x509.keyUsage].sort(), usage.map((one) => USAGE[one]).sort()),
    ...differ("validity", life + 1, days * 86_400 + 300),
    ...differ("octets of the serial", x509.serialNumber.length / 2 <= 20, true),
    ...differ("ca", x509.ca, false),
    ...differ("signature", signed, true),
  ];
}

const subjectOf = (cn: string, o: string | undefined): readonly string[] =>
  [`CN=${cn}`, ...(o === undefined ? [] : [`O=${o}`])].sort();

/** Another parser, of another author. */
function judgeByPeculiar(pem: string, { cn, o, usage }: ExpectedTls): readonly string[] {
  const parsed = new peculiar.X509Certificate(pem);
  const constraints = parsed.getExtension(peculiar.BasicConstraintsExtension);
  const keyUsage = parsed.getExtension(peculiar.KeyUsagesExtension);
  const extended = parsed.getExtension(peculiar.ExtendedKeyUsageExtension);
  const signs = peculiar.KeyUsageFlags.keyCertSign | peculiar.KeyUsageFlags.cRLSign;
  const critical = parsed.extensions.filter((one) => one.critical).map(({ type }) => type);
  return [
    ...differ("subject", parsed.subject.split(", ").sort(), subjectOf(cn, o)),
    ...differ("cA", constraints?.ca ?? "absent", false),
    ...differ("keyUsage for signing", (keyUsage?.usages ?? signs) & signs, 0),
    ...differ("usages", extended?.usages.length ?? 0, usage.length),
    ...differ("critical extensions", critical.sort(), ["2.5.29.15", "2.5.29.19"]),
  ];
}

/** OpenSSL's strict path building, once for each purpose and each name. */
async function judgeByOpenssl(
  pem: string,
  anchor: string,
  { usage, dns = [], ip = [] }: ExpectedTls,
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "judge-"));
  try {
    const [leaf, ca] = [join(folder, "leaf.pem"), join(folder, "ca.pem")];
    writeFileSync(leaf, pem);
    writeFileSync(ca, anchor);
    const complaints: string[] = [];
    const questions = [
      ...usage.map((one) => ["-purpose", PURPOSE[one]]),
      ...dns.map((name) => ["-verify_hostname", name.replace("*", "bucket")]),
      ...ip.map((address) => ["-verify_ip", address]),
    ];
    for (const question of questions) {
      const args = ["verify", "-x509_strict", "-CAfile", ca, ...question, leaf];
      const { code, stderr } = await run("openssl", args);
      if (code !== 0) complaints.push(`openssl ${question.join(" ")}: ${stderr.trim()}`);
    }
    return complaints;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
