import { getSystemErrorMessage } from "node:util";
import type { KerberosLibrary } from "./kerberos-library.ts";

/** The host's part of a service principal ends at its realm; the package looks for what is before it. */
const SERVICE = /^([^/@]+)\/([^/@]+)@/;

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

/** The package says what it did and a number, negative where it is one of Kerberos: `Cannot get … keytab (13)`. */
function describe(words: string, service: string): string {
  if (words.startsWith("Principal not found")) return `the keytab has no key for ${service}`;
  const [, errno] = /\((\d+)\)$/.exec(words) ?? [];
  if (errno === undefined) return `the keytab is empty or none: ${words}`;
  return `the keytab cannot be read: ${getSystemErrorMessage(-Number(errno))}`;
}
