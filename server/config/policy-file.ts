import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyOf } from "../../keys/signer/policy-file.ts";
import type { Reading } from "../../policy/decision.ts";
import type { Diagnostic } from "../../policy/diagnostic.ts";
import { readPolicy } from "../../policy/read.ts";
import { formatDiagnostic } from "../../policy/render.ts";

/** Bytes of a policy file (POLICY.md §File); a larger one is not even read. */
const LARGEST = 1024 * 1024;

/** A policy file that was read, with what it includes and what the reader says of it. */
export type PolicyFile = {
  readonly text: string;
  /** Texts of the files that it includes by their names, in the order in which they were read. */
  readonly included: ReadonlyMap<string, string>;
  readonly reading: Reading;
  readonly render: (diagnostics: readonly Diagnostic[]) => string;
};

/** Reads a policy file and what it includes; an Error says why the file itself cannot be had. */
export function readPolicyFile(file: string): PolicyFile | Error {
  const copy = copyOf(file);
  const text = readPolicyText(copy, file);
  if (typeof text !== "string") return text;
  const included = new Map<string, string>();
  const include = (name: string): string | undefined => {
    const found = readPolicyText(join(dirname(copy), name));
    if (typeof found !== "string") return undefined;
    included.set(name, found);
    return found;
  };
  const reading = readPolicy(text, { file, include });
  const textOf = (name: string): string | undefined => (name === file ? text : included.get(name));
  return {
    text,
    included,
    reading,
    render: (diagnostics) =>
      diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, textOf)).join("\n\n"),
  };
}

/** The text of a policy file, of at most 1 MiB; an Error says why it cannot be had, of `shown`. */
export function readPolicyText(file: string, shown = file): string | Error {
  try {
    const { size } = statSync(file);
    if (size > LARGEST) return tooLarge(shown, `${size} bytes`);
    const bytes = readAtMost(file, LARGEST + 1);
    if (bytes.length > LARGEST) return tooLarge(shown, "no end");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return new Error(`${shown} ${explainUnreadable(cause)}`, { cause });
  }
}

const tooLarge = (file: string, size: string): Error =>
  new Error(`${file} has ${size}; a policy has at most ${LARGEST} bytes`);

/** The beginning of a file; a pipe or a device says nothing of its size before it is read. */
function readAtMost(file: string, most: number): Buffer {
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(most);
    let length = 0;
    for (let got = -1; got !== 0 && length < most; length += got) {
      got = readSync(handle, bytes, length, most - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(handle);
  }
}

function explainUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "does not exist";
    case "EISDIR":
      return "is a folder";
    case "EACCES":
      return "may not be read by this user";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "is not UTF-8 text; is it the right file?";
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
