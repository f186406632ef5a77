import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "./command.ts";

/** How a leaf is to be made; what is absent is as a good one has it. */
export type LeafWish = {
  readonly subject?: string;
  readonly days?: number;
  readonly serial?: string;
  /** Lines of extensions, in place of the good ones of the same name; an empty one takes it away. */
  readonly extensions?: Readonly<Record<string, string>>;
};

/** A CA made with openssl that signs whatever it is told, good or bad. PEM. */
export type LeafMaker = { readonly anchor: string; make(wish: LeafWish): Promise<string> };

const GOOD: Readonly<Record<string, string>> = {
  basicConstraints: "critical,CA:FALSE",
  keyUsage: "critical,digitalSignature",
  extendedKeyUsage: "serverAuth",
  subjectAltName: "DNS:web.demo.test",
  authorityKeyIdentifier: "keyid",
  subjectKeyIdentifier: "hash",
};

const P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes the CA in `folder`; `constraints` are its name constraints. */
export async function createLeafMaker(folder: string, constraints?: string): Promise<LeafMaker> {
  const at = (name: string): string => join(folder, name);
  const limits =
    constraints === undefined ? [] : ["-addext", `nameConstraints=critical,${constraints}`];
  const out = ["-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", "/CN=test CA"];
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  await runOk("openssl", ["req", "-x509", ...P256, ...out, "-days", "60", ...usage, ...limits]);
  await runOk("openssl", ["req", ...P256, "-keyout", at("k"), "-out", at("csr"), "-subj", "/CN=x"]);
  return {
    anchor: readFileSync(at("ca.pem"), "utf8"),
    async make({ subject = "/CN=web", days = 30, serial = "0x1234567890", extensions = {} }) {
      const lines = Object.entries({ ...GOOD, ...extensions }).filter(([, value]) => value !== "");
      writeFileSync(at("ext"), lines.map(([name, value]) => `${name}=${value}\n`).join(""));
      const ca = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-set_serial", serial];
      const named = ["-days", String(days), "-subj", subject, "-extfile", at("ext")];
      return runOk("openssl", ["x509", "-req", "-in", at("csr"), ...ca, ...named]);
    },
  };
}
