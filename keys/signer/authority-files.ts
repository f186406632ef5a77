import { createPublicKey } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthorityKind } from "../../policy/decision.ts";
import { parseSshPublicKey, formatSshPublicKey } from "../formats/ssh-public-key.ts";
import { createSshAuthority, createTlsAuthority, type Authority } from "./authority.ts";
import { generateAuthorityKey, openKey, sealKey, type AuthorityKeyKind } from "./authority-key.ts";
import { createFile, syncDirectory } from "./durable-file.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/**
 * Authorities on disk: `NAME.key`, sealed, mode 0600, beside `NAME.crt` (TLS) or `NAME.pub` (SSH:
 * the public key, then the authority's kind in place of a comment).
 *
 * Who can write these files gains nothing without the sealing secret: each key must open, and what
 * stands beside it must be signed by it or equal to it.
 */
export type NewAuthority = {
  readonly directory: string;
  readonly cluster: string;
  readonly name: string;
  readonly kind: AuthorityKind;
  readonly keyKind: AuthorityKeyKind;
  readonly secret: Buffer;
  /** Seconds since 1970. */
  readonly now: number;
};

/** Makes an authority and syncs its files. @throws SignerError `authority.exists` */
export async function createAuthority(wanted: NewAuthority): Promise<Authority> {
  const { directory, name, kind, keyKind, secret } = wanted;
  checkNew(wanted);
  const pair = generateAuthorityKey(keyKind);
  const authority =
    kind === "tls"
      ? createTlsAuthority(name, pair.privateKey, await certificateFor(wanted, pair))
      : createSshAuthority(name, pair.privateKey, kind);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // The public half goes first: a key is only ever there with what it belongs to.
  createFile(join(directory, publicName(authority)), publicText(authority), 0o644);
  createFile(join(directory, `${name}.key`), sealKey(pair.privateKey, secret), 0o600);
  syncDirectory(directory);
  return authority;
}

/**
 * Opens every authority in a directory, by name.
 *
 * @throws SignerError `seal.wrong` when the secret does not fit, `authority.damaged` when files are
 * missing or do not belong together.
 */
export function loadAuthorities(directory: string, secret: Buffer): ReadonlyMap<string, Authority> {
  const names = listNames(directory);
  if (names.length === 0) {
    throw new SignerError(
      "authority.damaged",
      `${directory} holds no authority: run keyserver init`,
    );
  }
  return new Map(names.map((name) => [name, loadAuthority(directory, name, secret)]));
}

function loadAuthority(directory: string, name: string, secret: Buffer): Authority {
  const path = join(directory, name);
  const privateKey = openKey(read(`${path}.key`), secret, `${path}.key`);
  try {
    if (existsSync(`${path}.crt`)) {
      return createTlsAuthority(name, privateKey, read(`${path}.crt`));
    }
    const [, line = "", kind] = /^(\S+ \S+) (ssh-host|ssh-user)\n$/.exec(read(`${path}.pub`)) ?? [];
    const authority = createSshAuthority(name, privateKey, kind === "ssh-user" ? kind : "ssh-host");
    if (parseSshPublicKey(line).blob.equals(authority.sshKey.blob)) return authority;
    throw new SignerError("authority.damaged", `${path}.pub is not the public half of ${name}.key`);
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    throw new SignerError("authority.damaged", `authority ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws SignerError when a public half stands without its key. */
function listNames(directory: string): readonly string[] {
  const files = readDirectory(directory);
  for (const file of files) {
    const [, name = "", end] = /^(.*)\.(crt|pub)$/.exec(file) ?? [];
    if (end !== undefined && !files.includes(`${name}.key`)) {
      throw new SignerError("authority.damaged", `${join(directory, file)} has no key beside it`);
    }
  }
  return files
    .filter((file) => file.endsWith(".key"))
    .map((file) => file.slice(0, -4))
    .toSorted();
}

function readDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    const message = `${directory} cannot be read: ${messageOf(cause)}`;
    throw new SignerError("authority.damaged", message, { cause });
  }
}

function checkNew({ directory, name, kind, keyKind }: NewAuthority): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) throw new TypeError(`name of an authority: ${name}`);
  if (kind !== "tls" && keyKind !== "ed25519" && keyKind !== "ecdsa-p256") {
    throw new TypeError(`SSH authorities have keys of ed25519 or ecdsa-p256, not ${keyKind}`);
  }
  const existing = ["key", "crt", "pub"]
    .map((end) => join(directory, `${name}.${end}`))
    .find(existsSync);
  if (existing === undefined) return;
  throw new SignerError(
    "authority.exists",
    `${existing} is there already and is never overwritten`,
  );
}

/** @peculiar/x509 is large and only ever needed here, so it is loaded when an authority is made. */
async function certificateFor(
  { cluster, name, keyKind, now }: NewAuthority,
  pair: ReturnType<typeof generateAuthorityKey>,
): Promise<string> {
  const { createAuthorityCertificate } = await import("./authority-certificate.ts");
  const publicKey = createPublicKey(pair.privateKey);
  const commonName = `${cluster} ${name}`;
  return createAuthorityCertificate({ ...pair, publicKey, commonName, keyKind, now });
}

const publicName = ({ name, kind }: Authority): string =>
  `${name}.${kind === "tls" ? "crt" : "pub"}`;

const publicText = (authority: Authority): string =>
  authority.kind === "tls"
    ? authority.certificate
    : `${formatSshPublicKey(authority.sshKey)} ${authority.kind}\n`;

const read = (path: string): string => readFileSync(path, "utf8");
