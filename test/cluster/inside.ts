import { run, type Outcome } from "../harness/command.ts";

export type RunOptions = {
  /** Who runs it; root when absent. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Seconds, 60 when absent; then the command is ended, with code 124. */
  readonly timeout?: number;
};

export type WriteOptions = {
  /** `0644` when absent. */
  readonly mode?: string;
  /** `user:group`; `root:root` when absent. */
  readonly owner?: string;
};

/** What is done inside a machine. */
export type Inside = {
  /** Runs a program in it to its end, without a shell, whatever its exit code. */
  run(command: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** As run, and gives standard output. @throws Error with all that it said when it ends with anything but 0 */
  ok(command: readonly string[], options?: RunOptions): Promise<string>;
  /** Lines for `sh -eu`, as a person types them. @throws Error as {@link Machine.ok} does */
  type(lines: string, options?: RunOptions): Promise<string>;
  write(path: string, text: string, options?: WriteOptions): Promise<void>;
  read(path: string): Promise<string>;
  /** What a unit wrote, the newest `lines` (200 when absent). */
  journal(unit: string, lines?: number): Promise<string>;
};

/** Enters the namespaces of the process that `leader` gives. @throws Error where that is 0: the machine is off */
export function createInside(name: string, leader: () => number): Inside {
  const exec: Inside["run"] = async (command, options = {}) => {
    if (leader() === 0) throw new Error(`${name} is off`);
    const { stdin, timeout = 60 } = options;
    return run("nsenter", [...ENTER, `--target=${leader()}`, ...wrap(command, options)], {
      timeout: timeout + 15,
      ...(stdin === undefined ? {} : { stdin }),
    });
  };
  const ok: Inside["ok"] = async (command, options) => {
    const { code, stdout, stderr } = await exec(command, options);
    if (code === 0) return stdout;
    throw new Error(`${name}# ${command.join(" ")}\nended with ${code}\n${stdout}${stderr}`);
  };
  return {
    run: exec,
    ok,
    type: (lines, options) => ok(["sh", "-euc", lines], options),
    async write(path, text, { mode = "0644", owner = "root:root" } = {}) {
      await ok(["sh", "-euc", WRITE, path, mode, owner], { stdin: text });
    },
    read: (path) => ok(["cat", path]),
    journal: (unit, lines = 200) =>
      ok(["journalctl", "--no-pager", "--output=short-iso", `--unit=${unit}`, `--lines=${lines}`]),
  };
}

/** Beside the target and renamed, as everybody should. */
const WRITE = `mkdir -p "$(dirname "$0")"; new=$(mktemp "$0.XXXXXX"); cat >"$new"
chown "$2" "$new"; chmod "$1" "$new"; mv "$new" "$0"`;

/** All namespaces of the first process; a machine shares the host's users. */
const ENTER = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--wdns=/"] as const;

/** Where Debian's useradd puts somebody. */
export const homeOf = (user: string): string => (user === "root" ? "/root" : `/home/${user}`);

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A command with an environment and an end of its own: a killed nsenter would leave it running. */
function wrap(
  command: readonly string[],
  { user = "root", env = {}, timeout = 60 }: RunOptions,
): readonly string[] {
  const all = {
    PATH,
    HOME: homeOf(user),
    USER: user,
    LOGNAME: user,
    LANG: "C.UTF-8",
    TERM: "dumb",
    ...env,
  };
  const variables = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  const as = user === "root" ? [] : ["runuser", "-u", user, "--"];
  return ["--", "env", "-i", ...variables, "timeout", "-k", "5", `${timeout}`, ...as, ...command];
}
