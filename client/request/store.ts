import type { HeldCredential, CredentialSummary } from "./credential.ts";
import type { ClusterPlaces } from "./places.ts";
import type { DataFolder } from "./private-file.ts";

/** Where credentials of one cluster are kept. */
export type Shelf = { readonly name: string; readonly places: ClusterPlaces };

/** What is held of a cluster, by grant. Expired ones are removed on the way. @throws Failure */
export function listCredentials(
  deps: DataFolder & { readonly now: () => number },
  cluster: Shelf,
): readonly CredentialSummary[] {
  throw new TypeError(`to be written: ${deps.uid} ${cluster.name}`);
}

/**
 * A credential with its key; undefined when none is held, it has expired, its key is in the agent
 * alone, or its files do not fit each other.
 *
 * @throws Failure
 */
export function readCredential(
  deps: DataFolder & { readonly now: () => number },
  cluster: Shelf,
  grant: string,
): HeldCredential | undefined {
  throw new TypeError(`to be written: ${deps.uid} ${cluster.name} ${grant}`);
}

/** The folder that a credential's files are in: `key.pem`, `certificate.pem`, `ca.pem`, or `key`, `key.pub`, `key-cert.pub`. */
export const credentialFolder = ({ places }: Shelf, grant: string): string =>
  `${places.credentials}/${grant}`;

/** Keeps a credential instead of an older one of its grant; the private key only with `keyIn: "files"`. @throws Failure */
export function keepCredential(
  deps: DataFolder,
  cluster: Shelf,
  credential: HeldCredential,
  { keyIn }: Pick<CredentialSummary, "keyIn">,
): CredentialSummary {
  throw new TypeError(`to be written: ${deps.uid} ${cluster.name} ${credential.grant} ${keyIn}`);
}

/** Removes a credential's files. Gives whether there were any. @throws Failure */
export function removeCredential(deps: DataFolder, cluster: Shelf, grant: string): boolean {
  throw new TypeError(`to be written: ${deps.uid} ${cluster.name} ${grant}`);
}
