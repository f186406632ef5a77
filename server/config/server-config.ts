import { type Static, Type } from "typebox";

/** `/etc/keysystem/server.yaml` (docs/operations.md). */
export const ServerConfig = Type.Object(
  {
    /** `ADDRESS:PORT`; `[::]:20557` takes every address of both families. */
    listen: Type.String({ minLength: 1 }),
    /** `HOST:PORT` under which nodes reach this server; join strings name these in order. */
    advertise: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 }),
    /** User, or `UID:GID`, that keyserver becomes when root starts it. */
    user: Type.Optional(Type.String({ minLength: 1 })),
    log: Type.Optional(
      Type.Union([
        Type.Literal("debug"),
        Type.Literal("info"),
        Type.Literal("warn"),
        Type.Literal("error"),
      ]),
    ),
  },
  { additionalProperties: false },
);
export type ServerConfig = Static<typeof ServerConfig>;
