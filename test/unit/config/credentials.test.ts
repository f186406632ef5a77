import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../protocol/config-file.ts";
import { placeSecrets } from "../../../server/config/credentials.ts";
import { OperatorError } from "../../../server/config/operator-error.ts";
import { ServerConfig } from "../../../server/config/server-config.ts";

const read = (keytab: string, password = "/etc/keysystem/ldap.password"): ServerConfig =>
  parseConfig(
    ServerConfig,
    `listen: "127.0.0.1:1"
advertise: ["127.0.0.1:1"]
kerberos: { keytab: ${JSON.stringify(keytab)} }
ldap:
  url: ldaps://ldap.example.edu
  bind: { dn: "cn=reader,dc=edu", password-file: ${JSON.stringify(password)} }
  people: { base: "ou=people,dc=edu" }
  groups: { base: "ou=groups,dc=edu", kind: member-of }
`,
    "server.yaml",
  );

describe("secrets of server.yaml", () => {
  test("are where systemd put them when they are credentials", () => {
    const { kerberos, ldap } = placeSecrets(
      read("credential:http.keytab", "credential:ldap.password"),
      "/run/credentials/keyserver.service",
    );
    expect(kerberos?.keytab).toBe("/run/credentials/keyserver.service/http.keytab");
    expect(ldap?.bind["password-file"]).toBe("/run/credentials/keyserver.service/ldap.password");
    expect(ldap?.bind.dn).toBe("cn=reader,dc=edu");
  });

  test("are files otherwise, whether systemd has put something somewhere or not", () => {
    const config = read("/etc/keysystem/http.keytab");
    expect(placeSecrets(config, "/run/credentials/x")).toEqual(config);
    expect(placeSecrets(config, undefined)).toEqual(config);
  });

  test.for([
    ["credential:http.keytab", "/x", "keytab: credential:http.keytab is there only where systemd"],
    ["/x", "credential:ldap", "password-file: credential:ldap is there only where systemd"],
  ] as const)("%s, %s: credentials without systemd are refused", ([keytab, password, words]) => {
    expect(() => placeSecrets(read(keytab, password), undefined)).toThrow(OperatorError);
    expect(() => placeSecrets(read(keytab, password), undefined)).toThrow(words);
  });

  test.for([
    "credential:",
    "credential:../../etc/shadow",
    "credential:a/b",
    "credential:.hidden",
    "credential:a b",
    "credentials:a",
    "relative/path",
    "",
    ` /x`,
    `credential:${"a".repeat(200)}`,
  ])("%j is no place of a secret", (text) => {
    expect(() => read(text)).toThrow(/keytab: .* must be an absolute path, or credential:NAME/);
    expect(() => read("/x", text)).toThrow(/password-file: .* must be an absolute path, or/);
  });
});
