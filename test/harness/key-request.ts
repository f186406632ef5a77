import { generateKeyPairSync, sign } from "node:crypto";
import { formatRequest } from "../../keys/formats/certificate-request.ts";

/** A private key and a PKCS#10 request for it, both PEM. */
export type KeyAndRequest = { readonly key: string; readonly csr: string };

/** Makes a P-256 key and a request for it. */
export function createKeyAndRequest(): KeyAndRequest {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    csr: formatRequest(spki, (signed) => sign("sha256", signed, privateKey)),
  };
}
