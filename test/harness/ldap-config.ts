import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { BASE, READER } from "./directory-entries.ts";
import type { Slapd } from "./slapd.ts";
import type { TlsFiles } from "./tls-files.ts";

type Connection = Pick<LdapConfig, "url" | "start-tls">;

/** Both ways to TLS at a test's slapd. */
export const waysTo = ({ ldap, ldaps }: Slapd): readonly Connection[] => [
  { url: ldaps },
  { url: ldap, "start-tls": true },
];

/** `ldap:` of server.yaml for the default entries of a test's slapd: LDAPS, memberOf, principals, passwords. */
export const ldapConfigOf = (
  slapd: Pick<Slapd, "ldaps" | "caFile" | "bind">,
  changes: Partial<LdapConfig> = {},
): LdapConfig => ({
  url: slapd.ldaps,
  ca: slapd.caFile,
  bind: { dn: slapd.bind.dn, "password-file": slapd.bind.passwordFile },
  people: { base: `ou=people,${BASE}`, principal: "krbPrincipalName" },
  groups: { base: `ou=groups,${BASE}`, kind: "member-of" },
  passwords: true,
  ...changes,
});

/** The same for a hostile directory on this port: without principals, with 30 s for an answer. */
export function hostileConfigOf(
  port: number,
  { ca }: TlsFiles,
  changes: Partial<LdapConfig> = {},
): LdapConfig {
  const passwordFile = join(dirname(ca), "reader.password");
  writeFileSync(passwordFile, READER.password, { mode: 0o600 });
  const server = {
    ldaps: `ldaps://localhost:${port}`,
    caFile: ca,
    bind: { ...READER, passwordFile },
  };
  return ldapConfigOf(server, { people: { base: `ou=people,${BASE}` }, timeout: 30, ...changes });
}
