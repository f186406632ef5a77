import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatRequest } from "../../keys/formats/certificate-request.ts";
import {
  derBitString,
  derElement,
  derOid,
  derSequence,
  derUnsigned,
} from "../../keys/formats/der-writer.ts";
import { formatPem } from "../../keys/formats/pem.ts";
import { runOk } from "./command.ts";

/** What openssl is told to ask for beside a key. */
export type Wish = {
  /** The argument of `-subj`; multi-valued RDNs are joined by `+`. */
  readonly subject?: string;
  /** Lines of `[ext]`, as `subjectAltName = DNS:evil.test`. */
  readonly extensions?: readonly string[];
};

/** Makes PKCS#10 requests with openssl, all of one P-256 key, in a folder of its own. */
export type RequestMaker = Disposable & {
  readonly folder: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  make(wish: Wish): Promise<string>;
  /** A request of a key that openssl makes with these arguments of `genpkey`, and rewrites with `more` of `pkey`. */
  makeOf(genpkey: readonly string[], more?: readonly string[]): Promise<string>;
};

export function createRequestMaker(): RequestMaker {
  const folder = mkdtempSync(join(tmpdir(), "requests-"));
  const at = (name: string): string => join(folder, name);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(at("key"), privateKey.export({ format: "pem", type: "pkcs8" }));
  let count = 0;
  const make = async (
    key: string,
    { subject = "/CN=any", extensions = [] }: Wish,
  ): Promise<string> => {
    const config = at(`${count++}.cnf`);
    writeFileSync(config, configOf(extensions));
    const asked = ["-key", key, "-config", config, "-subj", subject];
    return runOk("openssl", ["req", "-new", "-sha256", ...asked]);
  };
  return {
    folder,
    spki: publicKey.export({ format: "der", type: "spki" }),
    make: (wish) => make(at("key"), wish),
    async makeOf(genpkey, more = []) {
      const made = at(`${count++}.key`);
      await runOk("openssl", ["genpkey", ...genpkey, "-out", made]);
      if (more.length === 0) return make(made, {});
      const key = at(`${count++}.key`);
      await runOk("openssl", ["pkey", "-in", made, ...more, "-out", key]);
      return make(key, {});
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const configOf = (extensions: readonly string[]): string =>
  [
    "[req]",
    "distinguished_name = dn",
    ...(extensions.length === 0 ? [] : ["req_extensions = ext"]),
    "[dn]",
    "[ext]",
    ...extensions,
    "[other]",
    "otherName.0 = 1.3.6.1.4.1.311.20.2.3;UTF8:root@evil.test",
    "",
  ].join("\n");

/** A request around any SubjectPublicKeyInfo, with a signature that nobody made. */
export const requestAround = (spki: Buffer): string =>
  formatRequest(spki, () => Buffer.alloc(70, 1));

/** The same where the key is of no kind that {@link formatRequest} writes. */
export function foreignRequest(spki: Buffer): string {
  const info = derSequence(derUnsigned(Buffer.of(0)), derSequence(), spki, derElement(0xa0));
  const ecdsaWithSha256 = derSequence(derOid("2a8648ce3d040302"));
  const signature = derBitString(Buffer.alloc(70, 1));
  return formatPem("CERTIFICATE REQUEST", derSequence(info, ecdsaWithSha256, signature));
}

/** An RSA SubjectPublicKeyInfo of these numbers. */
export function rsaSpki(modulus: Buffer, exponent: number): Buffer {
  const numbers = derSequence(
    derUnsigned(modulus),
    derUnsigned(Buffer.from(hexOf(exponent), "hex")),
  );
  const algorithm = derSequence(derOid("2a864886f70d010101"), derElement(0x05));
  return derSequence(algorithm, derBitString(numbers));
}

const hexOf = (number: number): string => number.toString(16).padStart(8, "0");

/** The modulus of a fresh RSA key. */
export function rsaModulus(bits: number): Buffer {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return modulusOf(publicKey);
}

const modulusOf = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: "jwk" })["n"]?.toString() ?? "", "base64url");

/** A fresh key as ssh-keygen makes it: the line of its `.pub`. */
export async function sshKey(
  folder: string,
  name: string,
  args: readonly string[],
): Promise<string> {
  const file = join(folder, name);
  await runOk("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", file, ...args]);
  return readFileSync(`${file}.pub`, "utf8").trim();
}
