import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { run, runOk, type Outcome } from "../harness/command.ts";
import { freePort } from "../harness/port.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";

/** Where the shipped recipes put what etcd and its clients read, below a node's root. */
export const ETCD_FILES = {
  serverKey: "etc/etcd/pki/server.key",
  serverCertificate: "etc/etcd/pki/server.crt",
  anchors: "etc/etcd/pki/ca.crt",
  peerKey: "etc/etcd/pki/peer.key",
  peerCertificate: "etc/etcd/pki/peer.crt",
  peerAnchors: "etc/etcd/pki/peer-ca.crt",
  clientKey: "etc/kubernetes/pki/apiserver-etcd-client.key",
  clientCertificate: "etc/kubernetes/pki/apiserver-etcd-client.crt",
  clientAnchors: "etc/kubernetes/pki/etcd/ca.crt",
} as const;

/** Paths of what a client shows, and of the anchors that it checks the server by. */
export type Credentials = {
  readonly certificate: string;
  readonly key: string;
  readonly anchors: string;
};

/** One member of its own, over TLS on both ports, as the user `etcd`. */
export type Etcd = {
  readonly daemon: Daemon;
  /** `127.0.0.1:PORT`. */
  readonly client: string;
  readonly peer: string;
};

/** User and group of Debian's etcd. @throws Error when there is no such user */
export async function etcdAccount(): Promise<{ readonly uid: number; readonly gid: number }> {
  const [, , uid, gid] = (await runOk("getent", ["passwd", "etcd"])).split(":").map(Number);
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

/** Starts etcd with the files under a node's root, and waits until it answers that client. */
export async function startEtcd(folder: string, root: string, as: Credentials): Promise<Etcd> {
  const client = `127.0.0.1:${await freePort()}`;
  const peer = `127.0.0.1:${await freePort()}`;
  const data = join(folder, "etcd-data");
  const { uid, gid } = await etcdAccount();
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, uid, gid);
  const user = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const args = [...user, "etcd", ...placeFlags(data, client, peer), ...fileFlags(root)];
  const daemon = startDaemon("setpriv", args, { log: join(folder, "etcd.log") });
  const etcd = { daemon, client, peer };
  await waitFor("etcd ready", async () => {
    if (daemon.hasEnded()) throw new Error(`etcd ended\n${daemon.output()}`);
    return (await etcdctl(etcd, as, ["endpoint", "health"])).code === 0;
  });
  return etcd;
}

function placeFlags(data: string, client: string, peer: string): readonly string[] {
  return [
    "--name=m1",
    `--data-dir=${data}`,
    `--listen-client-urls=https://${client}`,
    `--advertise-client-urls=https://${client}`,
    `--listen-peer-urls=https://${peer}`,
    `--initial-advertise-peer-urls=https://${peer}`,
    `--initial-cluster=m1=https://${peer}`,
    "--initial-cluster-state=new",
    "--unsafe-no-fsync",
    "--logger=zap",
    "--log-outputs=stderr",
  ];
}

function fileFlags(root: string): readonly string[] {
  const at = (file: keyof typeof ETCD_FILES): string => join(root, ETCD_FILES[file]);
  return [
    `--cert-file=${at("serverCertificate")}`,
    `--key-file=${at("serverKey")}`,
    "--client-cert-auth",
    `--trusted-ca-file=${at("anchors")}`,
    `--peer-cert-file=${at("peerCertificate")}`,
    `--peer-key-file=${at("peerKey")}`,
    "--peer-client-cert-auth",
    `--peer-trusted-ca-file=${at("peerAnchors")}`,
  ];
}

/** One etcdctl command, whatever its exit code. */
export const etcdctl = (
  { client }: Pick<Etcd, "client">,
  { certificate, key, anchors }: Credentials,
  args: readonly string[],
): Promise<Outcome> => {
  const shown = [`--cacert=${anchors}`, `--cert=${certificate}`, `--key=${key}`];
  return run("etcdctl", [`--endpoints=https://${client}`, ...shown, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ETCDCTL_API: "3" },
  });
};

/** The client that writes all the time. */
export type Writer = {
  /** Writes that etcd has acknowledged so far. */
  readonly written: () => number;
  /** Ends it; gives what failed, in etcdctl's words. */
  readonly stop: () => Promise<readonly string[]>;
};

/** Writes 1, 2, 3 … to `key`, each over a connection of its own, so that every write is a handshake. */
export function startWriter(etcd: Etcd, credentials: Credentials, key: string): Writer {
  const failures: string[] = [];
  let written = 0;
  const end = new AbortController();
  const work = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const { code, stderr } = await etcdctl(etcd, credentials, ["put", key, `${written + 1}`]);
      if (code === 0) written += 1;
      else failures.push(stderr);
    }
  };
  const ended = work();
  return {
    written: () => written,
    async stop() {
      end.abort();
      await ended;
      return failures;
    },
  };
}
