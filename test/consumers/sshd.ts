import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, runOk, type Outcome } from "../harness/command.ts";
import { freePort } from "../harness/port.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";

/** Where sshd reads its key and certificate, below a node's root: the places of the shipped recipe. */
export const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
export const HOST_CERTIFICATE = `${HOST_KEY}-cert.pub`;

/** An sshd of its own with a plain host key, as a machine has before it joins, and a user with a plain key. */
export type Sshd = {
  /** Starts it, again after it has ended. */
  readonly start: () => Promise<Daemon>;
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** The user's private key. */
  readonly userKey: string;
};

/** Makes keys and configuration of an sshd that reads its host key below `root`; not started yet. */
export async function prepareSshd(folder: string, root: string): Promise<Sshd> {
  mkdirSync(join(root, "etc/ssh"), { recursive: true });
  // Where sshd locks up its unprivileged half; systemd makes it on a machine.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const userKey = join(folder, "id_alice");
  for (const file of [join(root, HOST_KEY), userKey]) {
    await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  }
  const port = await freePort();
  const config = join(folder, "sshd_config");
  writeFileSync(join(folder, "authorized_keys"), readFileSync(`${userKey}.pub`));
  writeFileSync(config, configText({ folder, root, port }));
  const start = async (): Promise<Daemon> => {
    // -r: host certificates are loaded at the start and at SIGHUP alone, as from OpenSSH 9.8 on.
    const args = ["-D", "-e", "-r", "-f", config];
    const daemon = startDaemon("/usr/sbin/sshd", args, { log: join(folder, "sshd.log") });
    await waitFor("sshd listens", async () => {
      if (daemon.hasEnded()) throw new Error(`sshd ended\n${daemon.output()}`);
      const { stdout } = await run("ssh-keyscan", ["-p", `${port}`, "127.0.0.1"]);
      return stdout.includes("ssh-ed25519");
    });
    return daemon;
  };
  return { start, port, address: `127.0.0.1:${port}`, userKey };
}

type Setting = { readonly folder: string; readonly root: string; readonly port: number };

const configText = ({ folder, root, port }: Setting): string => `
Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(root, HOST_KEY)}
HostCertificate ${join(root, HOST_CERTIFICATE)}
AuthorizedKeysFile ${join(folder, "authorized_keys")}
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
MaxStartups 100
`;

/** A client that trusts what `knownHosts` says and nothing else, and asks nobody. */
export type Client = {
  readonly knownHosts: string;
  /** The name that it knows the machine by; the address and the port when absent. */
  readonly name?: string;
};

/** Arguments of ssh(1) for one command on the machine. */
function sshArgs({ port, userKey }: Sshd, { knownHosts, name }: Client): readonly string[] {
  const options = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "GlobalKnownHostsFile=none",
    `UserKnownHostsFile=${knownHosts}`,
    ...(name === undefined ? [] : [`HostKeyAlias=${name}`]),
  ];
  const flags = options.flatMap((option) => ["-o", option]);
  return ["-F", "none", "-p", `${port}`, ...flags, "-i", userKey, "root@127.0.0.1"];
}

/** Logs in, whatever comes of it. */
export const logIn = (sshd: Sshd, client: Client): Promise<Outcome> =>
  run("ssh", [...sshArgs(sshd, client), "echo logged in"]);

/** A session that stays open. */
export type Session = {
  /** Sends a line and gives what comes back. */
  readonly ask: (line: string) => Promise<string>;
  readonly end: () => void;
};

/** Opens a session in which the machine says back what it is told. */
export function openSession(sshd: Sshd, client: Client): Session {
  const child = spawn("ssh", [...sshArgs(sshd, client), "cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let heard = "";
  child.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  child.stdin.on("error", () => undefined);
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      return waitFor(`an answer to ${line}`, () => heard.includes(`${line}\n`) && line);
    },
    end: () => child.stdin.end(),
  };
}

/** Serial of the host certificate that sshd serves, as ssh-keyscan and ssh-keygen see it; undefined when it serves none. */
export async function servedHostSerial(
  { port }: Sshd,
  folder: string,
): Promise<string | undefined> {
  const { stdout } = await run("ssh-keyscan", ["-c", "-p", `${port}`, "127.0.0.1"]);
  const file = join(folder, "served-cert.pub");
  writeFileSync(file, stdout);
  return stdout === "" ? undefined : hostSerialIn(file);
}

/** Serial of the certificate in a file, as ssh-keygen prints it. */
export async function hostSerialIn(file: string): Promise<string> {
  const text = await runOk("ssh-keygen", ["-L", "-f", file]);
  const [, serial] = /^\s+Serial: (\d+)$/m.exec(text) ?? [];
  if (serial === undefined) throw new Error(`no serial in\n${text}`);
  return serial;
}
