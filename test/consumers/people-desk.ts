import { spawn } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { formatOutcome } from "../harness/cluster.ts";
import { run, type CommandOptions, type Outcome } from "../harness/command.ts";
import { converse, type Turn } from "../harness/conversation.ts";
import { pinOf } from "../harness/keyreq.ts";
import type { PeopleCluster } from "../harness/people.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { waitFor } from "../harness/wait.ts";
import {
  asAccount,
  hostsWith,
  inView,
  passwdWith,
  type Account,
  type View,
} from "./people-view.ts";

/** Where the checkout is to be seen by people, who may not be let through to its real place. */
const PROGRAMS = "/mnt";
const KEYREQ = join(PROGRAMS, "client/bin/keyreq");

/** Addresses of the cluster's machines, as everybody resolves them. */
export const HOSTS = {
  "m1.hyades.example.edu": "127.0.1.11",
  "m2.hyades.example.edu": "127.0.1.12",
} as const;

/** What is to be seen on a terminal, and what is typed then. */
export type Exchange = { readonly question: string; readonly answer: string };

/** Everything that a terminal showed, and the exit code. */
export type Seen = { readonly code: number; readonly screen: string };

/** A person's machine: an account without any right, with a home of its own, which passwd(5) names. */
export type Desk = {
  readonly account: Account;
  /** Path of keyreq. */
  readonly program: string;
  readonly home: string;
  /** A folder of the person's outside the home. */
  readonly scratch: string;
  /** Where the tickets are. */
  readonly ticketFile: string;
  /** What every program there finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The words with which a program starts there. */
  words(file: string, args: readonly string[]): readonly [string, readonly string[]];
  /** Runs a program, whatever its exit code; `env` is added to the environment. */
  run(file: string, args: readonly string[], options?: CommandOptions): Promise<Outcome>;
  keyreq(args: readonly string[], options?: CommandOptions): Promise<Outcome>;
  /** Runs a shell's command on a terminal (script(1)), and types each answer once its question is to be seen. */
  onTerminal(command: string, talk: readonly Exchange[]): Promise<Seen>;
  /** `keyreq setup URL --pin PIN --yes` and more flags, which has to succeed. */
  setup(...flags: readonly string[]): Promise<Outcome>;
  /** Another ticket in place of the one that is there. */
  kinit(principal: string): Promise<void>;
  /** Starts an ssh-agent, which everything there knows of from now on; ended by who starts it. */
  startAgent(): Promise<Daemon>;
  /** Writes a file into the home, its folders with it, as the person's own. */
  write(path: string, text: string, mode?: number): void;
};

let desks = 0;

/** Makes the machine of somebody who is `user` there; without a ticket, an agent or a setup. */
export function makeDesk(people: PeopleCluster, user: string): Desk {
  desks += 1;
  const base = join(people.cluster.folder, "desks", `${desks}`);
  const account = { name: user, uid: 61_000 + desks, home: join(base, user) };
  const { home } = account;
  const scratch = join(base, "scratch");
  for (const folder of [home, scratch]) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, account.uid, account.uid);
  }
  const ticketFile = join(scratch, "tickets");
  const config = join(base, "krb5.conf");
  copyFileSync(people.kdc.environment["KRB5_CONFIG"] ?? "", config);
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: "/bin/sh",
    KRB5_CONFIG: config,
    KRB5CCNAME: `FILE:${ticketFile}`,
  };
  const running = startPrograms(makeView(base, account), account, environment);
  return {
    account,
    program: KEYREQ,
    home,
    scratch,
    ticketFile,
    environment,
    ...running,
    async setup(...flags) {
      const args = ["setup", people.url, "--pin", pinOf(people), "--yes", ...flags];
      const outcome = await running.keyreq(args);
      if (outcome.code !== 0) throw new Error(`setup: ${formatOutcome(outcome)}`);
      return outcome;
    },
    async kinit(principal) {
      const { environment: found } = await people.person(principal);
      copyFileSync(found["KRB5CCNAME"]?.replace("FILE:", "") ?? "", ticketFile);
      chownSync(ticketFile, account.uid, account.uid);
    },
    startAgent() {
      environment["SSH_AUTH_SOCK"] = join(scratch, "agent");
      return startAgent(running.words, environment, base);
    },
    write: (path, text, mode = 0o600) => writeOwn(account, path, text, mode),
  };
}

function startPrograms(
  view: View,
  account: Account,
  environment: Readonly<Record<string, string>>,
): Pick<Desk, "words" | "run" | "keyreq" | "onTerminal"> {
  const words: Desk["words"] = (file, args) => {
    const [first = "", ...rest] = inView(view, asAccount(account, [file, ...args]));
    return [first, rest];
  };
  const start: Desk["run"] = (file, args, { env = {}, ...options } = {}) =>
    run(...words(file, args), { timeout: 50, ...options, env: { ...environment, ...env } });
  return {
    words,
    run: start,
    keyreq: (args, options) => start(KEYREQ, args, options),
    onTerminal(command, talk) {
      const [file, args] = words("script", ["-qefc", command, "/dev/null"]);
      const turns = talk.map(({ question, answer }): Turn => [question, `${answer}\n`]);
      return converse(spawn(file, args, { env: environment }), turns);
    },
  };
}

/** `path` is below the home; folders on the way are the person's too. */
function writeOwn({ home, uid }: Account, path: string, text: string, mode: number): void {
  const parts = path.split("/");
  for (const length of parts.keys()) {
    const folder = join(home, ...parts.slice(0, length));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chownSync(folder, uid, uid);
  }
  writeFileSync(join(home, path), text, { mode });
  chownSync(join(home, path), uid, uid);
}

function makeView(base: string, account: Account): View {
  const [passwd, hosts] = [join(base, "passwd"), join(base, "hosts")];
  writeFileSync(passwd, passwdWith(readFileSync("/etc/passwd", "utf8"), [account]));
  writeFileSync(hosts, hostsWith(readFileSync("/etc/hosts", "utf8"), HOSTS));
  return { "/etc/passwd": passwd, "/etc/hosts": hosts, [PROGRAMS]: CHECKOUT };
}

async function startAgent(
  words: Desk["words"],
  environment: Desk["environment"],
  base: string,
): Promise<Daemon> {
  const { SSH_AUTH_SOCK = "" } = environment;
  const [file, args] = words("ssh-agent", ["-D", "-a", SSH_AUTH_SOCK]);
  const daemon = startDaemon(file, args, { log: join(base, "agent.log"), env: environment });
  await waitFor("the agent", () => existsSync(SSH_AUTH_SOCK));
  return daemon;
}
