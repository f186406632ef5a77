import { type Static, Type } from "typebox";
import { LdapConfig } from "../directory/ldap-config.ts";
import { SecretPlace } from "./secret-place.ts";

const closed = { additionalProperties: false };

/** How people's Kerberos tickets are checked. */
export const KerberosConfig = Type.Object(
  {
    /** File with the key of `service`; keyserver's user must be able to read it. */
    keytab: SecretPlace,
    /** `HTTP/m1.hyades.example.edu@EXAMPLE.EDU`; by default HTTP, the first host of `advertise`, the policy's realm. */
    service: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+@[A-Za-z0-9._-]+$",
        description: "SERVICE/HOST@REALM",
      }),
    ),
  },
  closed,
);
export type KerberosConfig = Static<typeof KerberosConfig>;

const HttpsUrl = Type.String({ pattern: "^https://[^\\s/]+/?$", description: "https://HOST:PORT" });

const BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const Source = Type.String({
  pattern: `^(${BYTE}(\\.${BYTE}){3}(/([12]?[0-9]|3[0-2]))?|(?=.*:)[0-9a-f:]{2,39}(/([1-9]?[0-9]|1[01][0-9]|12[0-8]))?)$`,
  description: "an address or a network, as 10.18.60.11 or 10.18.0.0/16",
});

/** `/etc/keysystem/server.yaml` (docs/operations.md). */
export const ServerConfig = Type.Object(
  {
    /** `ADDRESS:PORT`; `[::]:20557` takes every address of both families. */
    listen: Type.String({ minLength: 1 }),
    /** `HOST:PORT` under which nodes reach this server; join strings name these in order. */
    advertise: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 }),
    /** User, or `UID:GID`, that keyserver becomes when root starts it. */
    user: Type.Optional(Type.String({ minLength: 1 })),
    kerberos: Type.Optional(KerberosConfig),
    ldap: Type.Optional(LdapConfig),
    /** Where people use what they get; `keyreq setup` learns it from here. */
    clients: Type.Optional(
      Type.Object(
        {
          kubernetes: Type.Optional(HttpsUrl),
          etcd: Type.Optional(Type.Array(HttpsUrl, { minItems: 1, maxItems: 16 })),
        },
        closed,
      ),
    ),
    /** Who may read `GET /metrics` over HTTPS without proof; on the admin socket root always may. */
    metrics: Type.Optional(
      Type.Object({ from: Type.Array(Source, { minItems: 1, maxItems: 16 }) }, closed),
    ),
    log: Type.Optional(
      Type.Union([
        Type.Literal("debug"),
        Type.Literal("info"),
        Type.Literal("warn"),
        Type.Literal("error"),
      ]),
    ),
  },
  closed,
);
export type ServerConfig = Static<typeof ServerConfig>;
