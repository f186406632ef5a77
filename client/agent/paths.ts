import { join } from "node:path";

/** Every path that keyclient uses of its own accord; `root` moves them all. */
export type Paths = {
  readonly root: string;
  readonly config: string;
  readonly recipes: string;
  readonly hostname: string;
  readonly passwd: string;
  readonly group: string;
  /** Mode 0700: whoever can write here gains the node's identity. */
  readonly home: string;
  readonly state: string;
  readonly trust: string;
  readonly lock: string;
};

/** Paths as they are named in messages and files, before `root` is put in front. */
export const PLACES = {
  config: "/etc/keysystem/client.yaml",
  recipes: "/etc/keysystem/recipes",
  home: "/var/lib/keyclient",
  state: "/var/lib/keyclient/state.json",
  trust: "/var/lib/keyclient/trust.json",
  anchors: "/var/lib/keyclient/trust",
  staged: "/var/lib/keyclient/staged",
  previous: "/var/lib/keyclient/previous",
  joining: "/var/lib/keyclient/joining.pem",
  identityKey: "/var/lib/keyclient/identity/key.pem",
  identityCertificate: "/var/lib/keyclient/identity/certificate.pem",
  lock: "/var/lib/keyclient/lock",
} as const;

/** The paths under `root`, an absolute path without symbolic links. */
export const pathsUnder = (root: string): Paths => ({
  root,
  config: join(root, PLACES.config),
  recipes: join(root, PLACES.recipes),
  hostname: join(root, "/etc/hostname"),
  passwd: join(root, "/etc/passwd"),
  group: join(root, "/etc/group"),
  home: join(root, PLACES.home),
  state: join(root, PLACES.state),
  trust: join(root, PLACES.trust),
  lock: join(root, PLACES.lock),
});
