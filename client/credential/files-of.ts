import type { KeyObject } from "node:crypto";
import type { StoredFile } from "../files/generation.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { formatKey } from "./make-key.ts";
import { formatSshPrivateKey, publicSshKey, sshLine } from "./ssh-private-key.ts";

/** What came from the server for one key. */
export type Material = {
  /** Absent: the key stays where it is. */
  readonly key?: KeyObject;
  /** PEM, or one SSH line. */
  readonly certificate: string;
  /** PEM, nearest first. */
  readonly chain: readonly string[];
  /** PEM; what ends a `chain` file. */
  readonly anchors: readonly string[];
  /** Four random bytes for the format of SSH keys. */
  readonly check: Uint8Array;
};

const PUBLIC = 0o644;

/** The files of a credential by its recipe, key before certificate. */
export function filesOf(recipe: Recipe, material: Material): readonly StoredFile[] {
  const { key, certificate, chain, anchors } = material;
  const { files } = recipe;
  const write = (path: string, mode: number, parts: readonly string[]): StoredFile =>
    storedFile(recipe, path, mode, parts);
  const secret = (path: string, parts: readonly string[]) => write(path, recipe.keyMode, parts);
  const open = (path: string, parts: readonly string[]) => write(path, PUBLIC, parts);
  const more = (path: string | undefined, parts: readonly string[]) =>
    path === undefined ? [] : [open(path, parts)];
  switch (files.form) {
    case "pem":
      return [
        ...(key === undefined ? [] : [secret(files.key, [formatKey(key)])]),
        open(files.certificate, [certificate, ...chain]),
        ...more(files.chain, [...chain, ...anchors]),
      ];
    case "combined":
      return [
        ...(key === undefined
          ? []
          : [secret(files.combined, [formatKey(key), certificate, ...chain])]),
        ...more(files.chain, [...chain, ...anchors]),
      ];
    case "ssh":
      return [
        ...(key === undefined
          ? []
          : [secret(files.key, [formatSshPrivateKey(key, material.check)])]),
        ...(key === undefined ? [] : more(files.public, [sshLine(publicSshKey(key))])),
        open(files.certificate, [certificate]),
      ];
  }
}

function storedFile(
  { uid, gid }: Pick<Recipe, "uid" | "gid">,
  path: string,
  mode: number,
  parts: readonly string[],
): StoredFile {
  const text = parts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join("");
  return { path, uid, gid, mode, content: Buffer.from(text).toString("base64") };
}
