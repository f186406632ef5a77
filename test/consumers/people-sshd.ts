import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, runOk } from "../harness/command.ts";
import type { PeopleCluster } from "../harness/people.ts";
import { freePort } from "../harness/port.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { askCertificates, joinByHand } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";
import { HOSTS } from "./people-desk.ts";
import { hostsWith, inView, passwdWith } from "./people-view.ts";

/** One of the cluster's machines, on which people log in. */
export type Machine = {
  readonly port: number;
  readonly daemon: Daemon;
  /** Home of an account there. */
  home(user: string): string;
  /** What sshd has written since the test began. */
  log(): string;
};

/** The lines for sshd in docs/operations.md, as they stand there. */
export function documentedLines(): readonly string[] {
  const text = readFileSync(join(CHECKOUT, "docs/operations.md"), "utf8");
  const [, block = ""] = /^\*\*sshd\.\*\*.*\n\n((?: {4}.*\n)+)/m.exec(text) ?? [];
  return block.split("\n").flatMap((line) => (line === "" ? [] : [line.slice(4)]));
}

export type MachineOptions = {
  /** Accounts besides root, and the user ids that they get. */
  readonly users: Readonly<Record<string, number>>;
  /** The same for all machines, since a person's configuration names one. */
  readonly port: number;
  /** The node's address in the policy, where it is not 127.0.0.1: keyclient cannot ask from there. */
  readonly from?: string;
};

/**
 * Joins a node and starts sshd there: its own /etc/ssh, written by keyclient and read with the
 * documented lines, and its own accounts.
 */
export async function startMachine(
  people: PeopleCluster,
  node: "m1" | "m2",
  { users, port, from }: MachineOptions,
): Promise<Machine> {
  const root = people.cluster.nodeRoot(node);
  const base = join(people.cluster.folder, "machines", node);
  const home = (user: string): string => join(base, "home", user);
  mkdirSync(base, { recursive: true });
  const accounts = Object.entries(users).map(([name, uid]) => ({ name, uid, home: home(name) }));
  for (const { uid, home: folder } of accounts) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, uid, uid);
  }
  await makeHostKey(root);
  await (from === undefined
    ? joinNode(people, node, root)
    : askByHand(people, node, { root, from }));
  const [passwd, hosts] = [join(base, "passwd"), join(base, "hosts")];
  writeFileSync(passwd, passwdWith(readFileSync("/etc/passwd", "utf8"), accounts));
  writeFileSync(hosts, hostsWith(readFileSync("/etc/hosts", "utf8"), HOSTS));
  const address = HOSTS[`${node}.hyades.example.edu`];
  writeFileSync(join(root, "etc/ssh/sshd_config"), configText(address, port));
  const view = { "/etc/passwd": passwd, "/etc/hosts": hosts, "/etc/ssh": join(root, "etc/ssh") };
  const daemon = await startSshd(inView(view, ["/usr/sbin/sshd", ...SSHD_ARGS]), {
    address,
    port,
    log: join(base, "sshd.log"),
  });
  return { port, daemon, home, log: () => daemon.output() };
}

/** A port that is free on the address of each machine. */
export const machinePort = (): Promise<number> => freePort("0.0.0.0");

const SSHD_ARGS = ["-D", "-e", "-f", "/etc/ssh/sshd_config"] as const;

const configText = (address: string, port: number): string => `Port ${port}
ListenAddress ${address}
${documentedLines().join("\n")}
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
PidFile none
StrictModes no
LogLevel VERBOSE
MaxStartups 100
Subsystem sftp internal-sftp
`;

/** The shipped recipe with nothing to reload, since sshd starts afterwards. */
const RECIPE = `grant: ssh-host
form: ssh
files:
  key: /etc/ssh/ssh_host_ed25519_key
  public: /etc/ssh/ssh_host_ed25519_key.pub
  certificate: /etc/ssh/ssh_host_ed25519_key-cert.pub
keep-key: true
bundles:
  - { file: /etc/ssh/keysystem-user-ca.pub, authorities: [ssh-user] }
`;

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";

async function makeHostKey(root: string): Promise<void> {
  mkdirSync(join(root, "etc/ssh"), { recursive: true });
  const file = join(root, HOST_KEY);
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
}

async function joinNode({ cluster }: PeopleCluster, node: string, root: string): Promise<void> {
  mkdirSync(join(root, "etc/keysystem/recipes"), { recursive: true });
  writeFileSync(join(root, "etc/keysystem/recipes/ssh-host.yaml"), RECIPE);
  await cluster.join(node);
}

async function askByHand(
  { cluster }: PeopleCluster,
  node: string,
  { root, from }: { readonly root: string; readonly from: string },
): Promise<void> {
  const identity = await joinByHand(cluster, node, from);
  const publicKey = readFileSync(join(root, `${HOST_KEY}.pub`), "utf8").trim();
  const requests = [{ grant: "ssh-host", publicKey }];
  const [issued] = await askCertificates(cluster, requests, { identity, from });
  if (issued === undefined || "problem" in issued) throw new Error(JSON.stringify(issued));
  writeFileSync(join(root, `${HOST_KEY}-cert.pub`), `${issued.certificate}\n`);
  const anchors = await cluster.keyserver(["authority", "export", "ssh-user", "--ssh"]);
  writeFileSync(join(root, "etc/ssh/keysystem-user-ca.pub"), anchors.stdout);
}

async function startSshd(
  [file = "", ...args]: readonly string[],
  { address, port, log }: { readonly address: string; readonly port: number; readonly log: string },
): Promise<Daemon> {
  // Where sshd locks up its unprivileged half; systemd makes it on a machine.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const daemon = startDaemon(file, args, { log });
  await waitFor("sshd listens", async () => {
    if (daemon.hasEnded()) throw new Error(`sshd ended\n${daemon.output()}`);
    const { stdout } = await run("ssh-keyscan", ["-p", `${port}`, address]);
    return stdout.includes("ssh-ed25519");
  });
  return daemon;
}
