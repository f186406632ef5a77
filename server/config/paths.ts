import { join } from "node:path";

/** Every path that the server side uses, under one root folder (`/` unless `--root` says otherwise). */
export type ServerPaths = {
  readonly root: string;
  readonly serverYaml: string;
  readonly signerYaml: string;
  /** The file that operators edit. */
  readonly policy: string;
  /** The copy that is in force: written by root, read by keyserver and, by itself, by keysigner. */
  readonly applied: string;
  readonly sealSecret: string;
  readonly stateFolder: string;
  readonly ledger: string;
  readonly tlsFolder: string;
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  readonly signerFolder: string;
  readonly authorities: string;
  readonly runFolder: string;
  readonly adminSocket: string;
  readonly signerSocket: string;
};

/** The server's paths under `root`. */
export function serverPaths(root: string): ServerPaths {
  const etc = join(root, "etc/keysystem");
  const state = join(root, "var/lib/keysystem");
  const signer = join(root, "var/lib/keysigner");
  const run = join(root, "run/keysystem");
  return {
    root,
    serverYaml: join(etc, "server.yaml"),
    signerYaml: join(etc, "signer.yaml"),
    policy: join(etc, "policy.yaml"),
    applied: join(etc, "applied/policy.yaml"),
    sealSecret: join(etc, "seal.secret"),
    stateFolder: state,
    ledger: join(state, "ledger.db"),
    tlsFolder: join(state, "tls"),
    tlsKey: join(state, "tls/server.key"),
    tlsCertificate: join(state, "tls/server.crt"),
    signerFolder: signer,
    authorities: join(signer, "authorities"),
    runFolder: run,
    adminSocket: join(run, "admin.sock"),
    signerSocket: join(run, "signer.sock"),
  };
}
