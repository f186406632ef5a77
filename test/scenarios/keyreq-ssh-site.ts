import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash, X509Certificate } from "node:crypto";
import { run, runOk, type Outcome } from "../harness/command.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { freePort } from "../harness/port.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { askCertificates, joinByHand, nodesAnchor } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";

const BIN = join(CHECKOUT, "client/bin");

/** A keyserver with KDC and directory, and an sshd that trusts its authorities. */
export type SshSite = AsyncDisposable & {
  readonly people: PeopleCluster;
  readonly folder: string;
  readonly port: number;
  /** `localhost:PORT` of the keyserver. */
  readonly server: string;
  readonly pin: string;
  /** What sshd has logged. */
  readonly log: () => string;
  /** A machine of somebody with a ticket, where nothing is set up yet. */
  readonly machine: (principal: string) => Promise<Machine>;
};

/** One person's home, ticket and agent. */
export type Machine = {
  readonly home: string;
  readonly env: Record<string, string>;
  readonly agent: Daemon;
  readonly keyreq: (args: readonly string[], env?: Record<string, string>) => Promise<Outcome>;
  /** Any program, such as ssh, scp or git, with this home's configuration. */
  readonly run: (
    file: string,
    args: readonly string[],
    env?: Record<string, string>,
  ) => Promise<Outcome>;
  readonly setup: (...flags: readonly string[]) => Promise<Outcome>;
  /** Another ticket. */
  readonly kinit: (principal: string) => Promise<void>;
};

/**
 * Starts everything. `root` and `games` (whose shell lets nobody in, but sftp does) can log in with
 * principals `root` and `alice`.
 */
export async function startSshSite(): Promise<SshSite> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "keyreq-ssh-"));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const people = cleanup.use(await startPeopleCluster());
  const port = await freePort();
  const sshd = await startSshd(people, folder, port);
  cleanup.defer(async () => {
    await sshd.kill();
  });
  const anchor = new X509Certificate(nodesAnchor(people.cluster));
  const spki = anchor.publicKey.export({ type: "spki", format: "der" });
  const server = people.url.replace("https://", "");
  const pin = `sha256:${hash("sha256", spki)}`;
  const owned = cleanup.move();
  return {
    people,
    folder,
    port,
    server,
    pin,
    log: () => readFileSync(join(folder, "sshd.log"), "utf8"),
    machine: (principal) => startMachine({ people, folder, port, server, pin, owned }, principal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startSshd(people: PeopleCluster, folder: string, port: number): Promise<Daemon> {
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  mkdirSync(join(folder, "principals"));
  writeFileSync(join(folder, "principals/root"), "root\n");
  writeFileSync(join(folder, "principals/games"), "alice\nceph-ops\n");
  const key = join(folder, "host_key");
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
  writeFileSync(
    `${key}-cert.pub`,
    await hostCertificate(people, readFileSync(`${key}.pub`, "utf8")),
  );
  const trusted = await fetchUserAuthority(people);
  writeFileSync(join(folder, "user_ca.pub"), trusted);
  const config = join(folder, "sshd_config");
  writeFileSync(config, configText(folder, port));
  const daemon = startDaemon("/usr/sbin/sshd", ["-D", "-e", "-f", config], {
    log: join(folder, "sshd.log"),
  });
  await waitFor("sshd listens", async () => {
    const { stdout } = await run("ssh-keyscan", ["-p", `${port}`, "127.0.0.1"]);
    return stdout.includes("ssh-ed25519");
  });
  return daemon;
}

const configText = (folder: string, port: number): string => `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host_key
HostCertificate ${folder}/host_key-cert.pub
TrustedUserCAKeys ${folder}/user_ca.pub
AuthorizedPrincipalsFile ${folder}/principals/%u
AuthorizedKeysFile ${folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
LogLevel VERBOSE
MaxStartups 100
Subsystem sftp internal-sftp
`;

async function hostCertificate(people: PeopleCluster, publicKey: string): Promise<string> {
  const from = "127.0.1.12";
  const identity = await joinByHand(people.cluster, "m2", from);
  const [issued] = await askCertificates(
    people.cluster,
    [{ grant: "ssh-host", publicKey: publicKey.trim() }],
    { identity, from },
  );
  if (issued === undefined || "problem" in issued) throw new Error(JSON.stringify(issued));
  return `${issued.certificate}\n`;
}

async function fetchUserAuthority(people: PeopleCluster): Promise<string> {
  const { body } = await people.askBasic(undefined, "/v1/trust");
  const text = /"name":"ssh-user","kind":"ssh-user","anchors":\["([^"]+)"/.exec(body)?.[1];
  if (text === undefined) throw new Error(body);
  return `${text}\n`;
}

type Site = Pick<SshSite, "people" | "folder" | "port" | "server" | "pin"> & {
  readonly owned: AsyncDisposableStack;
};

async function startMachine(site: Site, principal: string): Promise<Machine> {
  const home = mkdtempSync(join(site.folder, "home-"));
  const socket = join(mkdtempSync(join(tmpdir(), "agent-")), "s");
  const agent = startDaemon("ssh-agent", ["-D", "-a", socket], { log: join(home, "agent.log") });
  site.owned.defer(async () => {
    await agent.kill();
    rmSync(join(socket, ".."), { recursive: true, force: true });
  });
  mkdirSync(join(home, "bin"));
  writeProgram(join(home, "bin/ssh"), `exec /usr/bin/ssh -F "$HOME/.ssh/config" "$@"\n`);
  const { environment } = await site.people.person(principal);
  const env: Record<string, string> = {
    PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    SHELL: "/bin/sh",
    SSH_AUTH_SOCK: socket,
    ...environment,
  };
  writeOwnConfig(home, site.port);
  const start = (file: string, args: readonly string[], more: Record<string, string> = {}) =>
    run(file, args, { env: { ...env, ...more }, timeout: 60 });
  const keyreq = (args: readonly string[], more?: Record<string, string>) =>
    start(join(BIN, "keyreq"), args, more);
  return {
    home,
    env,
    agent,
    keyreq,
    run: start,
    setup: (...flags) => keyreq(["setup", site.server, "--pin", site.pin, ...flags]),
    kinit: async (other) => {
      Object.assign(env, (await site.people.person(other)).environment);
    },
  };
}

function writeProgram(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}`);
  chmodSync(path, 0o755);
}

/** A person's own configuration, as if he had written it before; names lead to the sshd of the test. */
function writeOwnConfig(home: string, port: number): void {
  const way = join(home, "bin/way");
  const connect = `import { connect } from "node:net";
const from = process.env.FROM ?? "127.0.0.1";
const socket = connect({ port: ${port}, host: "127.0.0.1", localAddress: from });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("close", () => process.exit());
`;
  writeFileSync(`${way}.mjs`, connect);
  writeProgram(way, `exec '${process.execPath}' '${way}.mjs'\n`);
  mkdirSync(join(home, ".ssh"), { mode: 0o700 });
  const text = `Host db
    HostName m2.hyades.example.edu
    User games
Match host *.hyades.example.edu
    HostKeyAlias m2.hyades.example.edu
    ProxyCommand "${way}"
    BatchMode yes
    StrictHostKeyChecking yes
    GSSAPIAuthentication no`;
  // Without a newline at its end, as many are.
  writeFileSync(join(home, ".ssh/config"), text, { mode: 0o600 });
}

/** A machine of the cluster, as people type it. */
export const HOST = "m2.hyades.example.edu";
