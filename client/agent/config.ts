import { readFileSync } from "node:fs";
import { Type, type Static } from "typebox";
import { parseConfig } from "../../protocol/config-file.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { codeOfError, Failure, messageOf } from "../terminal/failure.ts";
import type { Paths } from "./paths.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });

/** `/etc/keysystem/client.yaml`, written by `keyclient join`. */
export const ClientConfig = Type.Object(
  {
    cluster: Name,
    node: Name,
    /** `host:port`, the first is tried first. */
    servers: Type.Array(Name, { minItems: 1 }),
    /** `sha256:` and 64 hex digits, over the SubjectPublicKeyInfo of authority `nodes`. */
    pin: Type.String({
      pattern: "^sha256:[0-9a-f]{64}$",
      description: "sha256: and 64 hexadecimal digits",
    }),
    /** Address of this machine to connect from. */
    "source-address": Type.Optional(Name),
    /** Folder with recipes of this machine. */
    recipes: Type.Optional(Type.String({ pattern: "^/" })),
  },
  { additionalProperties: false },
);
export type ClientConfig = Static<typeof ClientConfig>;

/** Reads client.yaml; undefined when this machine has not joined. @throws Failure with the place of a mistake. */
export function readConfig(paths: Paths): ClientConfig | undefined {
  let text: string;
  try {
    text = readFileSync(paths.config, "utf8");
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return undefined;
    throw new Failure(EXIT.unexpected, `${paths.config}: ${messageOf(error)}`, [
      "run keyclient as root",
    ]);
  }
  try {
    return parseConfig(ClientConfig, text, paths.config);
  } catch (error) {
    throw new Failure(EXIT.usage, messageOf(error), ["correct the file, then:  keyclient status"]);
  }
}

/** The text of client.yaml. */
export function formatConfig(config: ClientConfig): string {
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `# Written by keyclient join.\n${lines.join("\n")}\n`;
}

/** The pin's bytes. */
export const pinOf = (config: ClientConfig): Buffer =>
  Buffer.from(config.pin.slice("sha256:".length), "hex");

/** A pin as it is written. */
export const formatPin = (pin: Uint8Array): string => `sha256:${Buffer.from(pin).toString("hex")}`;

/** What is said where a command needs a node that has joined. */
export const notJoined = (paths: Paths): Failure =>
  new Failure(EXIT.usage, `this machine has not joined: ${paths.config} does not exist`, [
    "on the master:  keyserver node admit NODE      then here:  keyclient join STRING",
  ]);
