import { X509Certificate, type KeyObject } from "node:crypto";
import { parseSshCertificateLine } from "../../keys/formats/ssh-certificate.ts";
import type { SshPublicKey } from "../../keys/formats/ssh-public-key.ts";
import type { Disk } from "../files/disk.ts";
import { readFileAt } from "../files/replace-file.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { parseKey } from "./make-key.ts";
import { readSshPublicPart } from "./ssh-private-key.ts";

/** A key that stands on disk. An SSH key is not loaded: sshd alone needs its private half. */
export type InstalledKey =
  | { readonly form: "tls"; readonly key: KeyObject }
  | { readonly form: "ssh"; readonly key: SshPublicKey };

/** The key of a credential, undefined when there is none that can be read. */
export function readInstalledKey(disk: Disk, { files, uid }: Recipe): InstalledKey | undefined {
  const path = files.form === "combined" ? files.combined : files.key;
  const text = readFileAt(disk, path, uid)?.content.toString();
  if (text === undefined) return undefined;
  if (files.form === "ssh") return readSshKey(text);
  const key = parseKey(text);
  return key === undefined ? undefined : { form: "tls", key };
}

function readSshKey(text: string): InstalledKey | undefined {
  try {
    return { form: "ssh", key: readSshPublicPart(text) };
  } catch {
    return undefined;
  }
}

/** Whether the certificate on disk is `certificate` (DER or SSH blob) and fits the key beside it. */
export function isIntact(disk: Disk, recipe: Recipe, certificate: Buffer): boolean {
  const installed = readInstalledKey(disk, recipe);
  const { files, uid } = recipe;
  const path = files.form === "combined" ? files.combined : files.certificate;
  const text = readFileAt(disk, path, uid)?.content.toString();
  if (installed === undefined || text === undefined) return false;
  try {
    return isPair(installed, text, certificate);
  } catch {
    return false;
  }
}

function isPair(installed: InstalledKey, text: string, certificate: Buffer): boolean {
  if (installed.form === "ssh") {
    const parsed = parseSshCertificateLine(text);
    return parsed.blob.equals(certificate) && parsed.key.blob.equals(installed.key.blob);
  }
  const begin = text.indexOf("-----BEGIN CERTIFICATE");
  const parsed = new X509Certificate(text.slice(begin));
  return parsed.raw.equals(certificate) && parsed.checkPrivateKey(installed.key);
}
