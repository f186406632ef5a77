import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "./command.ts";

/** PEM files of a TLS server. */
export type TlsFiles = { readonly ca: string; readonly certificate: string; readonly key: string };

export type TlsFault = {
  /** `subjectAltName` as openssl writes it; localhost and 127.0.0.1 when absent. */
  readonly names?: string;
  /** Days that the certificate is valid; negative when it has expired. */
  readonly days?: number;
};

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"] as const;

/** Makes an authority and a server's certificate of it in `folder`, by openssl. */
export async function makeTlsFiles(folder: string, fault: TlsFault = {}): Promise<TlsFiles> {
  const { names = "DNS:localhost,IP:127.0.0.1", days = 30 } = fault;
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const ca = ["-keyout", file("ca.key"), "-out", file("ca.crt"), "-days", "30"];
  const subject = ["-subj", "/CN=authority of the test directory"];
  await runOk("openssl", ["req", "-x509", ...KEY, ...subject, ...ca]);
  const request = ["-keyout", file("server.key"), "-out", file("server.csr")];
  await runOk("openssl", ["req", ...KEY, "-subj", "/CN=directory", ...request]);
  writeFileSync(file("extensions"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  const sign = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-days", String(days)];
  const out = ["-extfile", file("extensions"), "-out", file("server.crt")];
  await runOk("openssl", ["x509", "-req", "-in", file("server.csr"), ...sign, ...out]);
  return { ca: file("ca.crt"), certificate: file("server.crt"), key: file("server.key") };
}
