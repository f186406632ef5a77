import { hash } from "node:crypto";
import { readFileSync, readlinkSync, statSync } from "node:fs";
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

/** What the link `policy.yaml` of the applied copy says: the folder of a copy, beside it. */
const COPY = /^copy-\d+\/policy\.yaml$/;

/**
 * The file that a policy is read from: where its path is the link of an applied copy, the file in the copy's folder.
 *
 * To be asked once for each reading: what the policy includes lies beside this file, so that both are of one copy
 * also when the link is moved meanwhile. Any other path, and any other link, is its own answer.
 */
export function copyOf(path: string): string {
  try {
    const target = readlinkSync(path);
    return COPY.test(target) ? join(dirname(path), target) : path;
  } catch {
    // No link; reading it says what is wrong with it.
    return path;
  }
}

/**
 * Reads an applied policy, with the inventory beside it where it includes one.
 *
 * @throws SignerError `configuration.invalid` with file, line and the first thing that is wrong.
 */
export function loadPolicy(path: string): LoadedPolicy {
  const included: string[] = [];
  const copy = copyOf(path);
  const include = (name: string): string | undefined => {
    if (name !== basename(name)) return undefined;
    const text = readText(join(dirname(copy), name));
    included.push(text);
    return text;
  };
  const text = readText(copy);
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
