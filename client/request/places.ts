import { join } from "node:path";

/** Where keyreq keeps things of one person; nothing of it needs root. */
export type Places = {
  readonly home: string;
  /** `~/.local/share/keysystem`: a folder for each cluster, and `ssh_config`, which `~/.ssh/config` includes. */
  readonly data: string;
  /** What `~/.ssh/config` includes. */
  readonly sshInclude: string;
  readonly sshConfig: string;
  /** The first file of `KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeConfig: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The places of the person whose environment this is (XDG Base Directory Specification). */
export function placesOf(home: string, environment: Environment): Places {
  const given = environment["XDG_DATA_HOME"];
  const base = given?.startsWith("/") === true ? given : join(home, ".local/share");
  const data = join(base, "keysystem");
  const kube = environment["KUBECONFIG"]?.split(":").find((path) => path !== "");
  return {
    home,
    data,
    sshInclude: join(data, "ssh_config"),
    sshConfig: join(home, ".ssh/config"),
    kubeConfig: kube ?? join(home, ".kube/config"),
  };
}

/** The places of one cluster below {@link Places.data}. Names are checked before: `[a-z0-9][a-z0-9-]*`. */
export type ClusterPlaces = {
  readonly folder: string;
  /** What `setup` learned: servers, pin, names. */
  readonly cluster: string;
  /** The anchors, as `GET /v1/trust` gave them last. */
  readonly trust: string;
  /** `@cert-authority` lines. */
  readonly knownHosts: string;
  /** A file for each TLS authority, `NAME.pem`. */
  readonly anchors: string;
  /** A folder for each grant that keyreq holds a certificate of. */
  readonly credentials: string;
  /** `LOGIN` → seconds since 1970 at which the certificate for it ends: what the shell front reads. */
  readonly expiry: string;
  /** `IdentityFile` and `CertificateFile` lines for what is held now. */
  readonly sshIdentities: string;
};

/** The places of cluster `name`. */
export function clusterPlaces({ data }: Places, name: string): ClusterPlaces {
  const folder = join(data, name);
  return {
    folder,
    cluster: join(folder, "cluster.yaml"),
    trust: join(folder, "trust.json"),
    knownHosts: join(folder, "known_hosts"),
    anchors: join(folder, "anchors"),
    credentials: join(folder, "credentials"),
    expiry: join(folder, "expiry"),
    sshIdentities: join(folder, "ssh_identities"),
  };
}
