import { join } from "node:path";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "./operator-error.ts";
import type { ServerConfig } from "./server-config.ts";

const CREDENTIAL = "credential:";

/**
 * server.yaml with the path of each secret in place of its credential.
 *
 * @param folder where systemd put credentials: CREDENTIALS_DIRECTORY
 * @throws OperatorError for a credential where there are none
 */
export function placeSecrets<T extends Pick<ServerConfig, "kerberos" | "ldap">>(
  config: T,
  folder: string | undefined,
): T {
  const place = (key: string, text: string): string => {
    if (!text.startsWith(CREDENTIAL)) return text;
    const name = text.slice(CREDENTIAL.length);
    if (folder !== undefined) return join(folder, name);
    throw new OperatorError(`server.yaml: ${key}: ${text} is there only where systemd starts us`, {
      hint: `systemctl start keyserver, with LoadCredential=${name}:FILE in its unit; or write a path`,
      exitCode: EXIT.usage,
    });
  };
  const { kerberos, ldap } = config;
  return {
    ...config,
    ...(kerberos && { kerberos: { ...kerberos, keytab: place("keytab", kerberos.keytab) } }),
    ...(ldap && {
      ldap: {
        ...ldap,
        bind: { ...ldap.bind, "password-file": place("password-file", ldap.bind["password-file"]) },
      },
    }),
  };
}
