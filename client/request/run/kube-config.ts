import { join } from "node:path";
import type { StoredCertificate } from "../held/client-certificate.ts";
import type { RequestDeps } from "../deps.ts";
import { SECRET, writePrivateFile } from "../held/private-file.ts";
import { anchorFile } from "../session/trust-files.ts";
import { FILES } from "../held/stored-credential.ts";

/**
 * Writes a kubeconfig of our own whose current context is the cluster with this certificate, and
 * gives `KUBECONFIG` with it before the person's own files, so that their contexts can still be
 * named. Undefined where nobody said what the URL of the Kubernetes API is.
 *
 * @throws Failure
 */
export function writeRunConfig(deps: RequestDeps, held: StoredCertificate): string | undefined {
  const { cluster, credential } = held;
  const server = cluster.people.kubernetes;
  if (server === undefined) return undefined;
  const path = join(cluster.places.folder, "kubeconfig", `${credential.grant}.json`);
  writePrivateFile(deps, path, formatRunConfig(held, server), SECRET);
  const own = deps.environment["KUBECONFIG"];
  const theirs = own === undefined || own === "" ? join(deps.places.home, ".kube/config") : own;
  return `${path}:${theirs}`;
}

/** JSON, which is YAML. kubectl reads the certificate anew when its file changes. */
function formatRunConfig(
  { cluster, credential, folder }: StoredCertificate,
  server: string,
): string {
  const name = `keyreq-${cluster.name}-${credential.grant}`;
  const ca = anchorFile(cluster.places, credential.authority);
  const { certificate, key } = FILES.tls;
  const user = { "client-certificate": join(folder, certificate), "client-key": join(folder, key) };
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, "certificate-authority": ca } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    },
    null,
    2,
  )}\n`;
}
