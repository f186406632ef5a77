import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CredentialSummary } from "../held/credential.ts";
import { writePrivateFile, OPEN } from "../held/private-file.ts";
import type { RequestDeps } from "../deps.ts";
import { isPlainPattern, quotePath } from "./words.ts";
import { credentialFolder, listCredentials, type Shelf } from "../held/store.ts";
import { FILES } from "../held/stored-credential.ts";

type IdentityDeps = Pick<RequestDeps, "places" | "uid" | "now">;

/** A certificate that ssh may use, and the folder with its files. */
export type SshIdentity = Pick<CredentialSummary, "principals" | "keyIn"> & {
  readonly folder: string;
};

/** The person's ordinary keys, as ssh spells them. */
export type OrdinaryKeys = {
  readonly keys: readonly string[];
  readonly certificates: readonly string[];
};

/**
 * What makes ssh use a certificate, as keyword and path.
 *
 * With the key in the agent `IdentityFile` names `key-cert`, which is not there: ssh finds the
 * certificate in `key-cert.pub` and uses the agent's key for it, also with `IdentitiesOnly`; and
 * when the agent has lost it, all that ssh says is that there is no such identity. `key` or
 * `CertificateFile` would make it look for a private key in a file.
 */
export function identityOptions({ folder, keyIn }: Omit<SshIdentity, "principals">) {
  const certificate = join(folder, FILES.ssh.certificate);
  return keyIn === "agent"
    ? [{ keyword: "IdentityFile", path: certificate.replace(/\.pub$/, "") }]
    : [
        { keyword: "IdentityFile", path: join(folder, FILES.ssh.key) },
        { keyword: "CertificateFile", path: certificate },
      ];
}

/**
 * Lines for ssh_config(5): first the certificates that name the login, since a server takes few
 * attempts, then all others, then what ssh tries by itself as long as nothing is said.
 *
 * @throws Failure for a folder that ssh_config cannot name.
 */
export function formatIdentities(
  identities: readonly SshIdentity[],
  { keys, certificates }: OrdinaryKeys,
): string {
  const head = "# Written by keyreq whenever a certificate comes or goes.\n";
  if (identities.length === 0) return head;
  const blocks = identities.flatMap((identity) => {
    const logins = identity.principals.filter(isPlainPattern);
    return logins.length === 0 ? [] : [`Match user ${logins.join(",")}`, ...linesOf(identity)];
  });
  const ordinary = [
    ...keys.map((path) => `    IdentityFile ${path}`),
    ...certificates.map((path) => `    CertificateFile ${path}`),
  ];
  const lines = [...blocks, "Match all", ...identities.flatMap(linesOf), ...ordinary];
  return `${head}${lines.join("\n")}\n`;
}

const linesOf = (identity: SshIdentity): readonly string[] =>
  identityOptions(identity).map(({ keyword, path }) => `    ${keyword} ${quotePath(path)}`);

/** Writes `ssh_identities` for what is held and valid, but for `without`. @throws Failure */
export function writeIdentities(
  deps: IdentityDeps,
  shelf: Shelf,
  { without }: { readonly without?: string } = {},
): void {
  const identities = listCredentials(deps, shelf)
    .filter(({ form, notAfter }) => form === "ssh" && notAfter > deps.now())
    .filter(({ grant }) => grant !== without)
    .map(({ grant, principals, keyIn }) => {
      const folder = credentialFolder(shelf, grant);
      return { principals, keyIn, folder };
    });
  const text = formatIdentities(identities, findOrdinaryKeys(deps.places.home));
  writePrivateFile(deps, shelf.places.sshIdentities, text, OPEN);
}

// In the order in which ssh tries them.
const NAMES = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

/** The ordinary keys that are there; ssh speaks up for one that is named and missing. */
function findOrdinaryKeys(home: string): OrdinaryKeys {
  const isThere = (name: string): boolean => existsSync(join(home, ".ssh", name));
  const keys = NAMES.filter(isThere);
  const certificates = keys.map((name) => `${name}-cert.pub`).filter(isThere);
  const spell = (name: string): string => `~/.ssh/${name}`;
  return { keys: keys.map(spell), certificates: certificates.map(spell) };
}
