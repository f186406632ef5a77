import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { runOk } from "../harness/command.ts";

/** What `ssh-keygen -L` says of a certificate. */
export type SshCertificate = {
  readonly serial: string;
  readonly principals: readonly string[];
  readonly validTo: string;
};

/** Reads an SSH certificate with OpenSSH's own tool. */
export async function readSshCertificate(file: string): Promise<SshCertificate> {
  const text = await runOk("ssh-keygen", ["-L", "-f", file]);
  const field = (pattern: RegExp): string => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`ssh-keygen -L of ${file} said:\n${text}`);
    return found;
  };
  return {
    serial: field(/^\s*Serial: (\d+)$/m),
    principals: field(/^\s*Principals: *\n((?:\s{16,}\S+\n)+)/m)
      .trim()
      .split(/\s+/),
    validTo: field(/^\s*Valid: from \S+ to (\S+)$/m),
  };
}

/** Checks a certificate with `openssl verify -x509_strict`, for TLS servers. @throws Error when it does not pass. */
export async function verifyCertificate(anchors: string, file: string): Promise<string> {
  const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", anchors, file];
  return (await runOk("openssl", args)).trim();
}

/** A certificate file's first certificate. */
export const readCertificate = (file: string): X509Certificate =>
  new X509Certificate(readFileSync(file));

/** The end of a long serial, enough to see that two differ. */
export const shortSerial = (serial: string): string =>
  serial.length > 12 ? `…${serial.slice(-8).toLowerCase()}` : serial;
