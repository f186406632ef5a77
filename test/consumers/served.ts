import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { run } from "../harness/command.ts";
import type { Credentials } from "./etcd.ts";

/** Serial, in hex, of the certificate in a PEM file. */
export const serialIn = (file: string): string =>
  new X509Certificate(readFileSync(file)).serialNumber;

/** Serial of the certificate that a TLS port shows, as openssl sees it. @throws Error when it shows none */
export async function servedSerial(address: string, client: Credentials): Promise<string> {
  const { certificate, key, anchors } = client;
  const args = ["-cert", certificate, "-key", key, "-CAfile", anchors, "-verify_return_error"];
  const { stdout, stderr } = await run("openssl", ["s_client", "-connect", address, ...args], {
    stdin: "",
  });
  const [pem] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout) ?? [];
  if (pem === undefined) throw new Error(`${address} shows no certificate\n${stderr}`);
  return new X509Certificate(pem).serialNumber;
}
