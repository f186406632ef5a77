import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "../../keys/signer/configuration.ts";
import { messageOf } from "../../keys/signer/signer-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { findUser, isRoot, type UserIds } from "../config/user.ts";
import type { Finding } from "./doctor-finding.ts";

/** Whose the files of the master have to be: by number, and by name for `chown`. */
export type Owner = { readonly name: string; readonly ids: UserIds };

/** Both users; undefined where the daemons run as whoever starts them. */
export type Owners = { readonly server: Owner | undefined; readonly signer: Owner | undefined };

/** The users that the configuration names. @throws OperatorError for one that does not exist */
export function ownersOf(server: { readonly user?: string }, signer: Configuration): Owners {
  const owner = (name: string | undefined): Owner | undefined =>
    name === undefined ? undefined : { name, ids: findUser(name) };
  return { server: owner(server.user), signer: owner(signer.user) };
}

/** Whether what holds the keys is another user than what the network reaches. */
export function checkUsers({ server, signer }: Owners): Finding {
  const name = "users";
  if (server !== undefined && signer !== undefined && server.ids.uid !== signer.ids.uid) {
    return { name, state: "ok", text: `${server.name}, and ${signer.name} for the keys` };
  }
  if (!isRoot()) {
    return { name, state: "skipped", text: "without root both daemons run as whoever starts them" };
  }
  const text = "keyserver can read the authorities' keys: it and keysigner are not two users";
  const fix = "make both users, name them as user: in server.yaml and signer.yaml; then doctor";
  return { name, state: "warning", text, fix };
}

/** `secret`: nobody but its owner reads it; `trusted`: nobody but its owner writes it. */
type Rule = {
  readonly path: string;
  readonly owner: Owner | undefined;
  readonly kind: "secret" | "trusted";
};

export type FilesDeps = {
  readonly paths: ServerPaths;
  readonly owners: Owners;
  readonly seal: Configuration["seal"];
};

/** Owners and modes of everything that is worth something to somebody else; one problem for each that is wrong. */
export function checkFiles(deps: FilesDeps): readonly Finding[] {
  const name = "files";
  const rules = rulesOf(deps);
  const wrong = rules.flatMap((rule) => judge(rule) ?? []);
  if (wrong.length > 0) return wrong.map((fault) => ({ name, state: "problem", ...fault }));
  return [{ name, state: "ok", text: `owners and modes of ${rules.length} files and folders` }];
}

function rulesOf({ paths, owners: { server, signer }, seal }: FilesDeps): readonly Rule[] {
  const root: Owner | undefined = isRoot()
    ? { name: "root", ids: { uid: 0, gid: 0, groups: [] } }
    : undefined;
  const rule = (path: string, owner: Rule["owner"], kind: Rule["kind"]): Rule => ({
    path,
    owner,
    kind,
  });
  return [
    ...[paths.serverYaml, paths.signerYaml, paths.policy, paths.applied].map((path) =>
      rule(path, root, "trusted"),
    ),
    // Where systemd hands the secret over, the file is root's own business.
    ...("file" in seal ? [rule(join(paths.root, seal.file), signer, "secret")] : []),
    rule(paths.authorities, signer, "secret"),
    ...keysIn(paths.authorities).map((path) => rule(path, signer, "secret")),
    rule(paths.stateFolder, server, "secret"),
    rule(paths.ledger, server, "trusted"),
    rule(paths.tlsKey, server, "secret"),
  ];
}

function keysIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".key"));
    return names.sort().map((name) => join(folder, name));
  } catch {
    // The rule about the folder itself says why.
    return [];
  }
}

type Fault = { readonly text: string; readonly fix: string };

function judge({ path, owner, kind }: Rule): Fault | undefined {
  const found = lookAt(path);
  if ("text" in found) return found;
  if (owner !== undefined && found.uid !== owner.ids.uid) {
    const text = `${path} belongs to user ${found.uid}, not to ${owner.name}`;
    return { text, fix: `chown ${owner.name}: ${path}` };
  }
  const forbidden = kind === "secret" ? 0o077 : 0o022;
  if ((found.mode & forbidden) === 0) return undefined;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
  const who =
    kind === "secret" ? "others than its owner may read or write it" : "others may write it";
  const fix = `chmod ${kind === "secret" ? "go=" : "go-w"} ${path}`;
  return { text: `${path} has mode ${mode}: ${who}`, fix };
}

function lookAt(path: string): Stats | Fault {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EACCES") {
      return { text: `${path} may not be looked at by this user`, fix: "run it as root" };
    }
    const text = code === "ENOENT" ? `${path} is not there` : messageOf(error);
    const isMade = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    const fix = isMade ? `see where it leads: ls -l ${path}` : "put it back from your backup";
    return { text, fix };
  }
}

/** Whether keyserver can read the secrets that server.yaml names, and others cannot. */
export function checkSecrets(
  { kerberos, ldap }: Pick<ServerConfig, "kerberos" | "ldap">,
  owner: Owner | undefined,
): readonly Finding[] {
  return [
    checkSecret("keytab", kerberos?.keytab, owner),
    checkSecret("ldap password", ldap?.bind["password-file"], owner),
  ];
}

function checkSecret(name: string, place: string | undefined, owner: Owner | undefined): Finding {
  if (place === undefined) return { name, state: "skipped", text: "server.yaml names none" };
  if (place.startsWith("credential:")) {
    return { name, state: "skipped", text: `${place} is handed over by systemd` };
  }
  const found = lookAt(place);
  if ("text" in found) return { name, state: "problem", ...found };
  const { mode, uid, gid } = found;
  if (owner !== undefined && !canRead(found, owner.ids)) {
    const text = `${place} (user ${uid}, group ${gid}) cannot be read by ${owner.name}`;
    return { name, state: "problem", text, fix: `chown ${owner.name}: ${place}` };
  }
  if ((mode & 0o007) !== 0) {
    const text = `${place} can be read or written by everybody on this machine`;
    return { name, state: "problem", text, fix: `chmod 0400 ${place}` };
  }
  return { name, state: "ok", text: place };
}

function canRead({ mode, uid, gid }: Stats, ids: UserIds): boolean {
  if (uid === ids.uid) return (mode & 0o400) !== 0;
  const bit = gid === ids.gid || ids.groups.includes(gid) ? 0o040 : 0o004;
  return (mode & bit) !== 0;
}
