import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "./configuration.ts";
import { messageOf, SignerError } from "./signer-error.ts";

const MIN_LENGTH = 16;
const MAX_LENGTH = 1024;

/**
 * Reads the sealing secret: the file's content without the newline at its end.
 *
 * `root` goes before a path; a credential is looked up where systemd put it.
 *
 * @throws SignerError `configuration.invalid` when it is missing, or not of 16 to 1024 bytes.
 */
export function readSealingSecret(
  seal: Configuration["seal"],
  { root, credentials }: { readonly root: string; readonly credentials?: string | undefined },
): Buffer {
  if ("file" in seal) return readSecretFile(join(root, seal.file));
  if (credentials !== undefined) return readSecretFile(join(credentials, seal.credential));
  const message = `seal: credential ${seal.credential} needs CREDENTIALS_DIRECTORY, which systemd sets`;
  throw new SignerError("configuration.invalid", message);
}

function readSecretFile(path: string): Buffer {
  const secret = readBytes(path);
  const end = secret.at(-1) === 0x0a ? secret.length - 1 : secret.length;
  if (end >= MIN_LENGTH && end <= MAX_LENGTH) return secret.subarray(0, end);
  const limits = `${MIN_LENGTH} to ${MAX_LENGTH} bytes`;
  throw new SignerError(
    "configuration.invalid",
    `${path}: a sealing secret has ${limits}, not ${end}`,
  );
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new SignerError("configuration.invalid", `${path}: ${messageOf(cause)}`, { cause });
  }
}
