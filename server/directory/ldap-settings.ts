import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { type DistinguishedName, parseDistinguishedName } from "./distinguished-name.ts";
import type { LdapConfig } from "./ldap-config.ts";

/** Where entries lie: a name as text, for questions, and in its parts, for comparison. */
export type Place = { readonly text: string; readonly name: DistinguishedName };

/** How a directory says who is in which group. */
export type GroupKind = LdapConfig["groups"]["kind"];

/** How a directory is asked: {@link LdapConfig} with every default, consistent. */
export type LdapSettings = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, or from StartTLS on. */
  readonly protection: "tls" | "start-tls";
  /** PEM file; the system's authorities when absent. */
  readonly ca: string | undefined;
  readonly bind: { readonly dn: string; readonly passwordFile: string };
  readonly people: {
    readonly base: Place;
    readonly user: string;
    readonly principal: string | undefined;
  };
  readonly groups: {
    readonly base: Place;
    readonly kind: GroupKind;
    readonly name: string;
    readonly scope: "one" | "sub";
  };
  readonly passwords: boolean;
  /** Seconds for one answer. */
  readonly timeout: number;
};

/** Completes `ldap:` of server.yaml. @throws OperatorError for a URL without TLS, or a name that is none (RFC 4514) */
export function parseLdapConfig(config: LdapConfig): LdapSettings {
  const { people, groups, bind } = config;
  parsePlace("bind.dn", bind.dn);
  return {
    ...parseUrl(config),
    ca: config.ca,
    bind: { dn: bind.dn, passwordFile: bind["password-file"] },
    people: {
      base: parsePlace("people.base", people.base),
      user: people.user ?? "uid",
      principal: people.principal,
    },
    groups: {
      base: parsePlace("groups.base", groups.base),
      kind: groups.kind,
      name: groups.name ?? "cn",
      scope: groups.scope ?? "one",
    },
    passwords: config.passwords ?? false,
    timeout: config.timeout ?? 3,
  };
}

const PORTS = { tls: 636, "start-tls": 389 } as const;

function parseUrl(config: LdapConfig): Pick<LdapSettings, "host" | "port" | "protection"> {
  const [, scheme, bracketed, plain, digits] =
    /^(ldaps?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?\/?$/.exec(
      config.url,
    ) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw refuse(`url: ${JSON.stringify(config.url)} is no address`, EXAMPLE);
  }
  const startTls = config["start-tls"] ?? false;
  if (scheme === "ldap" && !startTls) {
    const reason = "would send passwords and groups without TLS";
    throw refuse(`url: ${config.url} ${reason}`, "write ldaps://, or add start-tls: true");
  }
  if (scheme === "ldaps" && startTls) {
    const reason = "begins with TLS and cannot start it again";
    throw refuse(`start-tls: ${config.url} ${reason}`, "remove start-tls, or write ldap://");
  }
  const protection = startTls ? "start-tls" : "tls";
  return { host, port: port ?? PORTS[protection], protection };
}

const EXAMPLE = "write it as ldaps://ldap.example.edu or ldaps://[2001:db8::1]:636";

function parsePlace(key: string, text: string): Place {
  const name = parseDistinguishedName(text);
  if (name !== undefined && name.length > 0) return { text, name };
  throw refuse(
    `${key}: ${JSON.stringify(text)} is not the name of an entry`,
    "write it without spaces after commas, as ou=people,dc=example,dc=edu",
  );
}

const refuse = (message: string, hint: string): OperatorError =>
  new OperatorError(`server.yaml: ldap.${message}`, { hint, exitCode: EXIT.usage });
