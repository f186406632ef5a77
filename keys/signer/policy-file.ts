import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Policy } from "../../policy/decision.ts";
import { readPolicy } from "../../policy/read.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/** POLICY.md's limit, looked at before anything is read. */
const MAX_BYTES = 1024 * 1024;

/** A policy as it was read from its file. */
export type LoadedPolicy = {
  readonly policy: Policy;
  /** As {@link hashPolicy} gives it. */
  readonly hash: string;
};

/** SHA-256 over the policy's text and the inventory's, where it includes one, one after the other; hex. */
export const hashPolicy = (policy: string, inventory = ""): string =>
  hash("sha256", policy + inventory);

/**
 * Reads an applied policy, with the inventory beside it where it includes one.
 *
 * @throws SignerError `configuration.invalid` with file, line and the first thing that is wrong.
 */
export function loadPolicy(path: string): LoadedPolicy {
  const included: string[] = [];
  const include = (name: string): string | undefined => {
    if (name !== basename(name)) return undefined;
    const text = readText(join(dirname(path), name));
    included.push(text);
    return text;
  };
  const text = readText(path);
  const { policy, diagnostics } = readPolicy(text, { file: path, include });
  if (policy !== undefined) return { policy, hash: hashPolicy(text, included.join("")) };
  const [first] = diagnostics.filter(({ severity }) => severity === "error");
  const where = first === undefined ? "" : `:${first.place.line}:${first.place.column}`;
  const why = first === undefined ? "not a policy" : `${first.code}: ${first.message}`;
  throw new SignerError("configuration.invalid", `${path}${where}: ${why}`);
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size <= MAX_BYTES)
      return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
    throw new Error(`${size} bytes are more than the ${MAX_BYTES} that a policy may have`);
  } catch (cause) {
    const message = `${path}: cannot be read: ${messageOf(cause)}`;
    throw new SignerError("configuration.invalid", message, { cause });
  }
}
