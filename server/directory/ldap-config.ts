import { type Static, Type } from "typebox";
import { SecretPlace } from "../config/secret-place.ts";

const closed = { additionalProperties: false };

const Path = Type.String({ pattern: "^/", description: "an absolute path" });
const Name = Type.String({ minLength: 1, maxLength: 1024 });
const Attribute = Type.String({
  pattern: "^[A-Za-z][A-Za-z0-9-]{0,63}$",
  description: "the name of an attribute, such as uid",
});

/** `ldap:` in server.yaml: a directory of people and how it is asked (docs/operations.md). */
export const LdapConfig = Type.Object(
  {
    /** `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` with `start-tls: true`; never without TLS. */
    url: Type.String({
      pattern: "^ldaps?://[^\\s/?#@]+/?$",
      description: "ldaps://HOST, ldaps://HOST:PORT, or ldap:// with start-tls: true",
    }),
    "start-tls": Type.Optional(Type.Boolean()),
    /** PEM file of the authorities that the directory's certificate may be of; the system's when absent. */
    ca: Type.Optional(Path),
    /** The reader's account. The file holds its password and nothing else; a line end is no part of it. */
    bind: Type.Object({ dn: Name, "password-file": SecretPlace }, closed),
    people: Type.Object(
      {
        base: Name,
        /** Attribute that holds the user's name, and nothing else; `uid` when absent. */
        user: Type.Optional(Attribute),
        /** Attribute that holds the Kerberos principals, such as `krbPrincipalName`. */
        principal: Type.Optional(Attribute),
      },
      closed,
    ),
    groups: Type.Object(
      {
        base: Name,
        kind: Type.Union([
          Type.Literal("member-of"),
          Type.Literal("group-of-names"),
          Type.Literal("posix-group"),
        ]),
        /** Attribute that names a group, the first of its name in the directory; `cn` when absent. */
        name: Type.Optional(Attribute),
        /** Whether groups lie directly below the base (`one`, when absent) or anywhere below it. */
        scope: Type.Optional(Type.Union([Type.Literal("one"), Type.Literal("sub")])),
      },
      closed,
    ),
    /** Whether people may prove with the directory's password who they are; false when absent. */
    passwords: Type.Optional(Type.Boolean()),
    /** Seconds for one answer, from the question on; 3 when absent. */
    timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 })),
  },
  closed,
);
export type LdapConfig = Static<typeof LdapConfig>;
