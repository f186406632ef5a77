import { isIP } from "node:net";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Cluster } from "../session/cluster.ts";
import type { CredentialSummary } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { identityOptions } from "./identities.ts";
import { readDestination, runSsh, type Destination } from "./run.ts";
import { quotePath } from "./words.ts";
import { credentialFolder } from "../held/store.ts";

/** Where to log in: as people write it, with the account of `--as`; `args` are ssh's own. */
export type Route = {
  readonly host: string;
  readonly args: readonly string[];
  readonly account: string | undefined;
};

/**
 * Runs ssh to a destination, once `getCertificate` has seen to the login that ssh would use there,
 * and gives its exit code. A bare name is one of the cluster's machines.
 *
 * @throws Failure
 */
export async function connectTo(
  deps: RequestDeps,
  cluster: Cluster,
  { host, args, account }: Route,
  getCertificate: (login: string) => Promise<CredentialSummary>,
): Promise<number> {
  // ssh reads its own options behind the destination too, but not behind `--`.
  if (host.startsWith("-")) {
    throw new Failure(EXIT.usage, `${JSON.stringify(host)} is no destination`, [
      "keyreq ssh HOST [ARGS…]",
    ]);
  }
  const words = [...(account === undefined ? [] : ["-l", account]), host, ...args];
  const destination = await readDestination(words, deps.environment);
  const credential = await getCertificate(destination.user);
  const options = optionsFor(cluster, destination, credential);
  return runSsh([...options.flatMap((option) => ["-o", option]), ...words], deps.environment);
}

/** What ssh's configuration does not say by itself, as values of `-o`. */
export function optionsFor(
  cluster: Pick<Cluster, "name" | "domain" | "places">,
  { hostname }: Pick<Destination, "hostname">,
  credential: Pick<CredentialSummary, "grant" | "keyIn">,
): readonly string[] {
  const { domain } = cluster;
  if (hostname.endsWith(`.${domain}`)) return [];
  const isBare = !hostname.includes(".") && isIP(hostname) === 0 && hostname !== "localhost";
  if (isBare) return [`HostName=${hostname}.${domain}`];
  const folder = credentialFolder(cluster, credential.grant);
  return identityOptions({ folder, keyIn: credential.keyIn }).map(
    ({ keyword, path }) => `${keyword}=${quotePath(path)}`,
  );
}
