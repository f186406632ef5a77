import { getSystemErrorMessage } from "node:util";
import type { KerberosLibrary } from "./kerberos-library.ts";

/** The host's part of a service principal ends at its realm; the package looks for what is before it. */
const SERVICE = /^([^/@]+)\/([^/@]+)@/;
/** Errors of the system are small; those of Kerberos are not. */
const LARGEST_ERRNO = 4096;

/**
 * What is wrong with the keytab that libkrb5 uses (`setKerberosEnvironment`), in words for the operator; undefined
 * when it has a key for `service` (`HTTP/m1.example.edu@EXAMPLE.EDU`). Read anew each time. Never rejects.
 */
export async function findKeytabFault(
  library: Pick<KerberosLibrary, "principalDetails">,
  service: string,
): Promise<string | undefined> {
  const [, name = "", host = ""] = SERVICE.exec(service) ?? [];
  try {
    const found = await library.principalDetails(name, host);
    return found === service ? undefined : `the keytab has a key for ${found}, not for ${service}`;
  } catch (error) {
    return describe(error instanceof Error ? error.message : String(error), service);
  }
}

/** The package says what it did and a number: `Cannot get sequence cursor from keytab (13)`. */
function describe(words: string, service: string): string {
  const number = Number(/\((\d+)\)$/.exec(words)?.[1] ?? 0);
  if (words.startsWith("Principal not found")) return `the keytab has no key for ${service}`;
  if (number === 0 || number > LARGEST_ERRNO) return `the keytab is empty or none: ${words}`;
  return `the keytab cannot be read: ${getSystemErrorMessage(-number)}`;
}
