import type { Command } from "commander";
import type { EtcdFlags } from "./commands/etcd.ts";
import type { GetFlags } from "./commands/get.ts";
import type { KubeFlags } from "./commands/kube.ts";
import type { SetupFlags } from "./commands/setup.ts";
import type { SshFlags } from "./commands/ssh.ts";
import type { TokenFlags } from "./commands/token.ts";
import type { Acting } from "./program.ts";

const REASON = "why, for the log";
const LIFETIME = "shorter than the grant gives: 1h";

/** Adds the commands that get something. */
export function addUsing(program: Command, act: Acting): void {
  addSetup(program, act);
  addSsh(program, act);
  addRunners(program, act);
  addGet(program, act);
  addToken(program, act);
}

function addSetup(program: Command, act: Acting): void {
  program
    .command("setup")
    .description("make a cluster known here: trust, ssh and kubectl, each line shown first")
    .argument("<url>", "the keyserver: HOST, HOST:PORT or https://HOST:PORT")
    .requiredOption("--pin <pin>", "what keyserver authority pin prints on the master")
    .option("--kubernetes <url>", "the Kubernetes API")
    .option("--etcd <url...>", "members of etcd")
    .option("--yes", "write without asking")
    .action((url: string, flags: SetupFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { setupCommand } = await import("./commands/setup.ts");
        return setupCommand(deps, output, url, flags);
      }),
    );
}

function addSsh(program: Command, act: Acting): void {
  program
    .command("ssh")
    .description("get an SSH certificate; with HOST, log in there")
    .argument("[host]", "where to; without it the certificate goes into the agent")
    .argument("[args...]", "passed on to ssh as they are")
    .option("--as <name>", "the account there")
    .option("--reason <text>", REASON)
    .option("--lifetime <duration>", LIFETIME)
    .option("--confirm", "let the agent ask before each use")
    .option("--no-agent", "keep the key in a file of mode 0600")
    .option("--ensure", "only see to it that --login works (for Match exec)")
    .option("--login <name>", "the account that --ensure is about")
    .passThroughOptions()
    .action(
      (host: string | undefined, args: readonly string[], flags: SshFlags, command: Command) =>
        act(command, async ({ deps, output }) => {
          const { sshCommand } = await import("./commands/ssh.ts");
          return sshCommand(deps, output, { ...(host === undefined ? {} : { host }), args }, flags);
        }),
    );
}

function addRunners(program: Command, act: Acting): void {
  program
    .command("kube")
    .description("get a certificate for the Kubernetes API; run kubectl with it")
    .argument("[program...]", "kubectl and its arguments, passed on as they are")
    .option("--grant <grant>", "where several give one")
    .option("--reason <text>", REASON)
    .option("--lifetime <duration>", LIFETIME)
    .option("--exec-credential", "print an ExecCredential (for kubeconfig)")
    .passThroughOptions()
    .action((words: readonly string[], flags: KubeFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { kubeCommand } = await import("./commands/kube.ts");
        return kubeCommand(deps, output, words, flags);
      }),
    );
  program
    .command("etcd")
    .description("get a certificate for etcd; run etcdctl with it")
    .argument("[program...]", "etcdctl and its arguments, passed on as they are")
    .option("--grant <grant>", "where several give one")
    .option("--reason <text>", REASON)
    .option("--lifetime <duration>", LIFETIME)
    .passThroughOptions()
    .action((words: readonly string[], flags: EtcdFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { etcdCommand } = await import("./commands/etcd.ts");
        return etcdCommand(deps, output, words, flags);
      }),
    );
}

function addGet(program: Command, act: Acting): void {
  program
    .command("get")
    .description("get any certificate into a folder, as PEM or PKCS#12")
    .argument("<grant>", "see keyreq grants")
    .requiredOption("--out <dir>", "a folder that is there")
    .option("--p12", "one PKCS#12 file, for browsers and key stores")
    .option("--legacy-p12", "the same for macOS and for Windows before 2019: 3DES and SHA-1")
    .option("--pem", "PEM files (what is done without a flag)")
    .option("--reason <text>", REASON)
    .option("--lifetime <duration>", LIFETIME)
    .option("--password-file <file>", "the password of the PKCS#12 file is its first line")
    .option("--generate-password", "make one and show it once")
    .option("--force", "replace files that are not an earlier one of the same grant")
    .action((grant: string, flags: GetFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { getCommand } = await import("./commands/get.ts");
        return getCommand(deps, output, grant, flags);
      }),
    );
}

function addToken(program: Command, act: Acting): void {
  program
    .command("token")
    .description("make a join string for a node")
    .argument("<node>", "its name in the policy")
    .option("--ttl <duration>", "how long it may be used: 1h")
    .action((node: string, flags: TokenFlags, command: Command) =>
      act(command, async ({ deps, output }) => {
        const { tokenCommand } = await import("./commands/token.ts");
        return tokenCommand(deps, output, node, flags);
      }),
    );
}
