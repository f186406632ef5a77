import { chmodSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { run, runOk, type CommandOptions, type Outcome } from "./command.ts";
import { freePort } from "./port.ts";
import { createServers, KEYSERVER, type Servers } from "./servers.ts";
import { CHECKOUT } from "./source-tree.ts";

export type ClusterOptions = {
  /** Text of the policy; the quickstart's when absent. */
  readonly policy?: string;
  /** Text of a Homeworld setup.yaml that is imported instead of any policy; cluster and domain are its own. */
  readonly setup?: string;
  readonly cluster?: string;
  readonly domain?: string;
  /** Names and addresses of keyserver's own certificate besides 127.0.0.1. */
  readonly names?: readonly string[];
  /** Further flags of `keyserver init`. */
  readonly init?: readonly string[];
  /** Environment of every program besides PATH: a fake clock's, for instance. */
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * One authority with its own root folder, ports and processes, and machines that join it.
 *
 * Nothing of it outlives {@link Cluster.dispose}, which also `await using` calls.
 */
export type Cluster = AsyncDisposable &
  Servers & {
    /** The temporary folder that holds everything. */
    readonly folder: string;
    /** `--root` of the master. */
    readonly root: string;
    /** `127.0.0.1:PORT`, where keyserver listens. */
    readonly address: string;
    /** A keyserver command on the master, whatever its exit code. */
    keyserver(args: readonly string[], options?: CommandOptions): Promise<Outcome>;
    /** Admits a node and gives the join string. */
    admit(node: string): Promise<string>;
    /** A keyclient command on a node, whatever its exit code. */
    keyclient(node: string, args: readonly string[], options?: CommandOptions): Promise<Outcome>;
    /** `--root` of a node; made when it is not there. */
    nodeRoot(node: string): string;
    /** Admits a node and joins it, which has to succeed. */
    join(node: string): Promise<void>;
    dispose(): Promise<void>;
  };

const KEYCLIENT = join(CHECKOUT, "client/bin/keyclient");

/**
 * Makes an authority with `keyserver init`; it is not started yet.
 *
 * @throws Error with what keyserver said when init fails.
 */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-"));
  // Other users (keysigner, etcd) must get through to what is theirs inside.
  chmodSync(folder, 0o711);
  try {
    const address = `127.0.0.1:${await freePort()}`;
    const root = join(folder, "master");
    mkdirSync(root);
    await initAuthority(root, address, folder, options);
    return assembleCluster({ folder, root, address, env: programEnv(options.env) });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A cluster that has been started. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await createCluster(options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.dispose();
    throw error;
  }
}

async function initAuthority(
  root: string,
  address: string,
  folder: string,
  options: ClusterOptions,
): Promise<void> {
  const { cluster = "demo", domain = "demo.test", names = [], init = [] } = options;
  const { policy, setup } = options;
  const written = join(folder, setup === undefined ? "policy.yaml" : "setup.yaml");
  const text = setup ?? policy;
  if (text !== undefined) writeFileSync(written, text);
  const file = text === undefined ? join(CHECKOUT, "test/quickstart.policy.yaml") : written;
  const asked =
    setup === undefined
      ? ["--cluster", cluster, "--domain", domain, "--policy", file]
      : ["--import", file];
  const named = ["127.0.0.1", ...names].flatMap((name) => ["--name", name]);
  const args = ["init", "--root", root, "--yes", "--listen", address, ...asked, ...named, ...init];
  await runOk(KEYSERVER, args, { env: programEnv(options.env), timeout: 60 });
}

type Parts = {
  readonly folder: string;
  readonly root: string;
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
};

function assembleCluster({ folder, root, address, env }: Parts): Cluster {
  const servers = createServers({ root, folder, env });
  const nodeRoot = (node: string): string => {
    const path = join(folder, "nodes", node);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const keyserver: Cluster["keyserver"] = (args, options = {}) =>
    run(KEYSERVER, [...args, "--root", root], { env, ...options });
  const keyclient: Cluster["keyclient"] = (node, args, options = {}) =>
    run(KEYCLIENT, [...args, "--root", nodeRoot(node)], { env, ...options });
  const admit = async (node: string): Promise<string> =>
    parseAdmission(await keyserver(["node", "admit", node, "--json"]));
  const dispose = async (): Promise<void> => {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...servers,
    folder,
    root,
    address,
    keyserver,
    admit,
    keyclient,
    nodeRoot,
    async join(node) {
      const outcome = await keyclient(node, ["join", await admit(node)], { timeout: 60 });
      if (outcome.code !== 0) throw new Error(`join of ${node} failed\n${formatOutcome(outcome)}`);
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

const programEnv = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
  ...extra,
});

const Admission = Type.Object({ schema: Type.Literal(1), joinString: Type.String() });

function parseAdmission(outcome: Outcome): string {
  if (outcome.code !== 0) throw new Error(`node admit failed\n${formatOutcome(outcome)}`);
  return Value.Parse(Admission, JSON.parse(outcome.stdout)).joinString;
}

/** An outcome for a failure's message. */
export const formatOutcome = ({ code, stdout, stderr }: Outcome): string =>
  `exit ${code}\n${stdout}${stderr}`;
