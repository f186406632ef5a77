import { readDer, TAG } from "../../keys/formats/der-reader.ts";
import { parsePem } from "../../keys/formats/pem.ts";
import { run } from "./command.ts";

/** The parts of a TBSCertificate that the policy decides (RFC 5280 §4.1.2), hex: not serial and validity. */
export type DecidedContent = {
  readonly version: string;
  readonly algorithm: string;
  readonly issuer: string;
  readonly subject: string;
  readonly key: string;
  readonly extensions: string;
};

/** Takes a TLS certificate apart, byte for byte. */
export function decidedContent(pem: string): DecidedContent {
  return readDer(parsePem("CERTIFICATE", pem), TAG.sequence, (certificate) => {
    const content = certificate.enter(TAG.sequence, (tbs) => {
      const next = (tag: number): string => tbs.element(tag).toString("hex");
      const version = next(0xa0);
      tbs.skip();
      const [algorithm, issuer] = [next(TAG.sequence), next(TAG.sequence)];
      tbs.skip();
      const [subject, key, extensions] = [next(TAG.sequence), next(TAG.sequence), next(0xa3)];
      return { version, algorithm, issuer, subject, key, extensions };
    });
    certificate.skip();
    certificate.skip();
    return content;
  });
}

/** What `ssh-keygen -L` shows of an SSH certificate. */
export type ShownSshCertificate = {
  /** Everything but the serial and the validity. */
  readonly decided: string;
  /** Local time in UTC, `2026-11-20T21:28:39`. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly principals: readonly string[];
};

/** Reads an SSH certificate with OpenSSH. @throws Error when OpenSSH cannot */
export async function showSshCertificate(line: string): Promise<ShownSshCertificate> {
  const env = { PATH: process.env["PATH"] ?? "", TZ: "UTC" };
  const { code, stdout, stderr } = await run("ssh-keygen", ["-L", "-f", "-"], { stdin: line, env });
  if (code !== 0) throw new Error(`ssh-keygen -L ended with ${code}: ${stderr}`);
  const [, validFrom = "", validTo = ""] = /Valid: from (\S+) to (\S+)/.exec(stdout) ?? [];
  const [, listed = ""] = /Principals:([\s\S]*?)Critical Options:/.exec(stdout) ?? [];
  const principals = listed.split("\n").map((text) => text.trim());
  return {
    decided: stdout.replace(/^\s+(?:Serial|Valid):.*$/gm, ""),
    validFrom,
    validTo,
    principals: principals.filter((name) => name !== "" && name !== "(none)"),
  };
}
