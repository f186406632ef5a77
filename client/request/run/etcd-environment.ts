import { join } from "node:path";
import type { StoredCertificate } from "../held/client-certificate.ts";
import { readTrust } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { anchorFile, writeTrustFiles } from "../session/trust-files.ts";
import { FILES } from "../held/stored-credential.ts";

/** Flags of etcdctl, each with the variable that stands for it. */
const FLAGS = new Map([
  ["ETCDCTL_ENDPOINTS", "--endpoints"],
  ["ETCDCTL_CACERT", "--cacert"],
  ["ETCDCTL_CERT", "--cert"],
  ["ETCDCTL_KEY", "--key"],
]);

/**
 * The environment variables by which etcdctl finds certificate, key, anchors and members; those of
 * the members only where the caller has not set them.
 *
 * A flag among `args` is etcdctl's to obey: it refuses to run with both flag and variable.
 */
export function etcdVariables(
  deps: RequestDeps,
  { cluster, folder }: StoredCertificate,
  args: readonly string[] = [],
): Readonly<Record<string, string>> {
  const { etcd } = cluster.people;
  const isSet = deps.environment["ETCDCTL_ENDPOINTS"] !== undefined;
  const variables = {
    ETCDCTL_API: "3",
    ETCDCTL_CACERT: serverAnchors(deps, { cluster, folder }),
    ETCDCTL_CERT: join(folder, FILES.tls.certificate),
    ETCDCTL_KEY: join(folder, FILES.tls.key),
    ...(etcd === undefined || isSet ? {} : { ETCDCTL_ENDPOINTS: etcd.join(",") }),
  };
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !isGiven(args, FLAGS.get(name))),
  );
}

const isGiven = (args: readonly string[], flag: string | undefined): boolean =>
  flag !== undefined && args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));

/** The anchors of etcd's servers; where the cluster has no authority of that name, those of its clients. */
function serverAnchors(
  deps: RequestDeps,
  { cluster: { places }, folder }: Pick<StoredCertificate, "cluster" | "folder">,
): string {
  const trust = readTrust(deps, places);
  const isThere = trust?.authorities.some(({ name }) => name === "etcd-server") === true;
  if (trust === undefined || !isThere) return join(folder, FILES.tls.anchors);
  writeTrustFiles(deps, places, trust);
  return anchorFile(places, "etcd-server");
}
