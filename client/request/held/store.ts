import { randomBytes } from "node:crypto";
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import type { HeldDirectory } from "../../files/held-directory.ts";
import { codeOfError, Failure } from "../../terminal/failure.ts";
import type { CredentialSummary, HeldCredential } from "./credential.ts";
import type { ClusterPlaces } from "../places.ts";
import { inPrivateFolder, readInFolder, writeNewFile, type DataFolder } from "./private-file.ts";
import {
  FILES,
  formatCredential,
  parseCredential,
  parseDescription,
  summarize,
  type Description,
} from "./stored-credential.ts";

/** Where credentials of one cluster are kept. */
export type Shelf = { readonly name: string; readonly places: ClusterPlaces };

type Clocked = DataFolder & { readonly now: () => number };

/** Names come from the server and become names of folders: only plain ones do. */
const GRANT = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** The folder that a credential's files are in (stored-credential.ts). @throws Failure for a name that can be none. */
export function credentialFolder({ places }: Shelf, grant: string): string {
  if (GRANT.test(grant)) return join(places.credentials, grant);
  throw new Failure(EXIT.usage, `${JSON.stringify(grant)} is no name of a grant`, [
    "keyreq grants",
  ]);
}

/** What is held of a cluster, by grant, expired ones too. @throws Failure */
export function listCredentials(data: DataFolder, shelf: Shelf): readonly CredentialSummary[] {
  return listGrants(data, shelf)
    .map((grant) => readSummary(data, shelf, grant))
    .filter((summary) => summary !== undefined);
}

const listGrants = (data: DataFolder, { places }: Shelf): readonly string[] =>
  inPrivateFolder(data, places.credentials, { create: false }, (folder) =>
    readdirSync(folder.at(".")).filter((name) => GRANT.test(name)),
  )?.sort() ?? [];

const readSummary = (
  data: DataFolder,
  shelf: Shelf,
  grant: string,
): CredentialSummary | undefined =>
  inPrivateFolder(data, credentialFolder(shelf, grant), { create: false }, (folder) =>
    summaryOf(describe(data, { folder, shelf, grant })),
  );

function summaryOf(description: Description | undefined): CredentialSummary | undefined {
  if (description === undefined) return undefined;
  const { schema: _schema, offer: _offer, ...summary } = description;
  return summary;
}

/** A credential's folder, held open, so that everything read is of one and the same. */
type Held = { readonly folder: HeldDirectory; readonly shelf: Shelf; readonly grant: string };

/** Undefined also where a folder was renamed or a file copied there: it would pass for another grant. */
function describe(data: DataFolder, { folder, shelf, grant }: Held): Description | undefined {
  const description = parseDescription(readInFolder(data, folder, FILES.description));
  const isAtHome = description?.cluster === shelf.name && description.grant === grant;
  return isAtHome ? description : undefined;
}

/**
 * A credential with its key; undefined when none is held, it has expired (then it is removed), its
 * key is in the agent alone, or its files do not fit each other.
 *
 * @throws Failure
 */
export function readCredential(
  deps: Clocked,
  shelf: Shelf,
  grant: string,
): HeldCredential | undefined {
  const path = credentialFolder(shelf, grant);
  const held = inPrivateFolder(deps, path, { create: false }, (folder) => {
    const description = describe(deps, { folder, shelf, grant });
    if (description === undefined) return undefined;
    if (description.notAfter <= deps.now()) return "expired";
    return parseCredential(description, (name) => readInFolder(deps, folder, name));
  });
  if (held !== "expired") return held;
  removeCredential(deps, shelf, grant);
  return undefined;
}

/** Removes what has expired, and gives it. @throws Failure */
export function removeExpired(deps: Clocked, shelf: Shelf): readonly CredentialSummary[] {
  const expired = listCredentials(deps, shelf).filter(({ notAfter }) => notAfter <= deps.now());
  for (const { grant } of expired) removeCredential(deps, shelf, grant);
  return expired;
}

/**
 * Keeps a credential instead of an older one of its grant; the private key only with
 * `keyIn: "files"`. Its folder appears as a whole, so that key and certificate always fit.
 *
 * @throws Failure
 */
export function keepCredential(
  data: DataFolder,
  shelf: Shelf,
  credential: HeldCredential,
  { keyIn }: Pick<CredentialSummary, "keyIn">,
): CredentialSummary {
  const { grant } = credential;
  // Of its own name, since several keyreqs may be at work; hidden from listings by its dot.
  const staged = `.${grant}.${randomBytes(6).toString("hex")}`;
  credentialFolder(shelf, grant);
  const files = formatCredential(credential, keyIn);
  inPrivateFolder(data, join(shelf.places.credentials, staged), { create: true }, (folder) => {
    for (const { name, content, mode } of files) writeNewFile(folder, name, content, mode);
    folder.sync();
  });
  inPrivateFolder(data, shelf.places.credentials, { create: true }, (folder) => {
    moveOver(folder, staged, grant);
    folder.sync();
  });
  return summarize(credential, keyIn);
}

const ATTEMPTS = 50;

/** Puts one folder in the place of another; where several do that at once, each is there whole or not at all. */
function moveOver(folder: HeldDirectory, from: string, to: string): void {
  for (let attempt = 1; ; attempt += 1) {
    const aside = setAside(folder, to);
    try {
      renameSync(folder.at(from), folder.at(to));
      return;
    } catch (error) {
      const isTaken = codeOfError(error) === "ENOTEMPTY" || codeOfError(error) === "EEXIST";
      if (isTaken && attempt < ATTEMPTS) continue;
      discard(folder, from);
      throw error;
    } finally {
      discard(folder, aside);
    }
  }
}

/** Takes an entry from its place, at once and as a whole; gives its new name, undefined when there was none. */
function setAside(folder: HeldDirectory, name: string): string | undefined {
  const aside = `.${name}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(folder.at(name), folder.at(aside));
    return aside;
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return undefined;
    throw error;
  }
}

function discard(folder: HeldDirectory, name: string | undefined): boolean {
  if (name !== undefined) rmSync(folder.at(name), { recursive: true, force: true });
  return name !== undefined;
}

/** Removes a credential's files. Gives whether there were any. @throws Failure */
export function removeCredential(data: DataFolder, shelf: Shelf, grant: string): boolean {
  credentialFolder(shelf, grant);
  const { credentials } = shelf.places;
  const removed = inPrivateFolder(data, credentials, { create: false }, (folder) =>
    discard(folder, setAside(folder, grant)),
  );
  return removed ?? false;
}
