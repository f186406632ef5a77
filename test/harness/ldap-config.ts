import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { BASE } from "./directory-entries.ts";
import type { Slapd } from "./slapd.ts";

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
