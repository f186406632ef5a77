import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../protocol/config-file.ts";
import { OperatorError } from "../../../server/config/operator-error.ts";
import { LdapConfig } from "../../../server/directory/ldap-config.ts";
import { parseLdapConfig } from "../../../server/directory/ldap-settings.ts";

const usual: LdapConfig = {
  url: "ldaps://ldap.example.edu",
  bind: { dn: "cn=reader,dc=example,dc=edu", "password-file": "/etc/keysystem/ldap.password" },
  people: { base: "ou=people,dc=example,dc=edu" },
  groups: { base: "ou=groups,dc=example,dc=edu", kind: "member-of" },
};

const targetOf = (url: string, startTls?: boolean): unknown => {
  const extra = startTls === undefined ? {} : { "start-tls": startTls };
  const { host, port, protection } = parseLdapConfig({ ...usual, url, ...extra });
  return [host, port, protection];
};

describe("url", () => {
  test.for([
    ["ldaps://ldap.example.edu", undefined, ["ldap.example.edu", 636, "tls"]],
    ["ldaps://ldap.example.edu:1636/", false, ["ldap.example.edu", 1636, "tls"]],
    ["ldap://ldap.example.edu", true, ["ldap.example.edu", 389, "start-tls"]],
    ["ldaps://[2001:db8::1]:636", undefined, ["2001:db8::1", 636, "tls"]],
  ] as const)("%s with StartTLS %s", ([url, startTls, wanted]) =>
    expect(targetOf(url, startTls)).toEqual(wanted),
  );

  test.for([
    ["ldap://ldap.example.edu", undefined],
    ["ldap://ldap.example.edu", false],
    ["ldaps://ldap.example.edu", true],
    ["ldapi://ldap.example.edu", undefined],
    ["https://ldap.example.edu", undefined],
    ["ldaps://", undefined],
    ["ldaps://ldap.example.edu:0", undefined],
    ["ldaps://ldap.example.edu:65536", undefined],
    ["ldaps://reader@ldap.example.edu", undefined],
    ["ldaps://ldap.example.edu/dc=edu", undefined],
    ["ldaps://2001:db8::1", undefined],
  ] as const)("%s with StartTLS %s is refused", ([url, startTls]) =>
    expect(() => targetOf(url, startTls)).toThrow(OperatorError),
  );
});

describe("names", () => {
  test.for(["", "people", "ou=people, dc=edu", "ou=people;dc=edu", "EXTERNAL"])(
    "%j is refused everywhere",
    (text) => {
      const { bind, people, groups } = usual;
      const faulty = [
        { ...usual, bind: { ...bind, dn: text } },
        { ...usual, people: { ...people, base: text } },
        { ...usual, groups: { ...groups, base: text } },
      ];
      for (const config of faulty) expect(() => parseLdapConfig(config)).toThrow(OperatorError);
    },
  );
});

describe("server.yaml", () => {
  const yaml = (extra: string): string => `url: ldaps://ldap.example.edu
bind: { dn: "cn=reader,dc=edu", password-file: /etc/keysystem/ldap.password }
people: { base: "ou=people,dc=edu" }
groups: { base: "ou=groups,dc=edu", kind: posix-group }
${extra}`;

  test("defaults", () => {
    const settings = parseLdapConfig(parseConfig(LdapConfig, yaml(""), "server.yaml"));
    expect(settings).toMatchObject({
      people: { user: "uid", principal: undefined },
      groups: { name: "cn", scope: "one" },
      passwords: false,
      timeout: 3,
      ca: undefined,
    });
  });

  test.for(["timeout: 0", "timeout: 31", "ca: ca.pem", "passwords: yes", "verify: false"])(
    "%s is refused",
    (line) =>
      expect(() => parseConfig(LdapConfig, yaml(line), "server.yaml")).toThrow(/server.yaml:5:/),
  );
});
