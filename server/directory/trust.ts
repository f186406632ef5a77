import { readFile } from "node:fs/promises";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { LdapFault } from "./ldap-fault.ts";

/**
 * Gives what directories' certificates are checked by: the authorities in a PEM file, read again for each connection so
 * that a new one needs no restart, or the system's, read once.
 */
export function createTrust(
  ca: string | undefined,
): (signal: AbortSignal) => Promise<SecureContext> {
  let known: { readonly pem: string; readonly context: SecureContext } | undefined;
  return async (signal) => {
    if (ca === undefined && known !== undefined) return known.context;
    const pem = ca === undefined ? systemAuthorities() : await readPem(ca, signal);
    if (known?.pem !== pem) known = { pem, context: makeContext(pem) };
    return known.context;
  };
}

const systemAuthorities = (): string => getCACertificates("system").join("\n");

async function readPem(file: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    throw new LdapFault("cannot be asked: the file of its authorities cannot be read", { cause });
  }
}

function makeContext(pem: string): SecureContext {
  try {
    // OpenSSL skips what is no certificate, and then trusts nobody.
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new Error("no certificate in PEM");
    return createSecureContext({ ca: pem, minVersion: "TLSv1.2" });
  } catch (cause) {
    throw new LdapFault("cannot be asked: the file of its authorities holds no certificate", {
      cause,
    });
  }
}
