import { rmSync } from "node:fs";
import { join } from "node:path";
import type { KeyObject } from "node:crypto";
import { PLACES } from "../agent/paths.ts";
import { formatKey, makeKey, parseKey } from "../credential/make-key.ts";
import { privateTo, type Disk } from "../files/disk.ts";
import { readFileAt, replaceFile } from "../files/replace-file.ts";
import type { MadeKey } from "../recipe/recipe.ts";

/**
 * The key that a join string is redeemed with. It is on disk before the secret is sent: the server
 * binds the secret to the first key that presents it, so that after a lost reply only this key
 * may ask again.
 */
export function keyForJoin(disk: Disk, gid: number, kind: MadeKey): KeyObject {
  const kept = readKept(disk);
  if (kept !== undefined && kindOf(kept) === kind) return kept;
  const key = makeKey(kind);
  replaceFile(disk, PLACES.joining, Buffer.from(formatKey(key)), privateTo(disk, gid));
  return key;
}

/** The kind of key of a join that was not finished; undefined when there is none. */
export function unfinishedKind(disk: Disk): MadeKey | undefined {
  const kept = readKept(disk);
  return kept === undefined ? undefined : kindOf(kept);
}

/** Forgets the key of a join, once it is the identity's. */
export const finishJoin = (disk: Disk): void =>
  rmSync(join(disk.root, PLACES.joining), { force: true });

/** Forgets the key of a join that was stopped after its key had become the identity's, and before it was forgotten. */
export function forgetUsedKey(disk: Disk): void {
  const kept = readFileAt(disk, PLACES.joining, disk.uid)?.content;
  const used = readFileAt(disk, PLACES.identityKey, disk.uid)?.content;
  if (kept !== undefined && used?.equals(kept) === true) finishJoin(disk);
}

function readKept(disk: Disk): KeyObject | undefined {
  const text = readFileAt(disk, PLACES.joining, disk.uid)?.content.toString();
  return text === undefined ? undefined : parseKey(text);
}

const kindOf = (key: KeyObject): MadeKey =>
  key.asymmetricKeyType === "ed25519" ? "ed25519" : "ecdsa-p256";
