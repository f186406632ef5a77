import { spawn } from "node:child_process";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";

/** What came of `keyserver policy apply --yes` in a process of its own. */
export type ChildOutcome =
  | { readonly isApplied: true; readonly policy: string; readonly version?: number }
  | { readonly isApplied: false; readonly why: string; readonly hint?: string };

export type ChildDeps = {
  /** What runs keyserver: Node.js, its flags, the program's file. */
  readonly program: readonly string[];
  readonly root: string;
  /** Ends the child when the daemon ends. */
  readonly signal: AbortSignal;
};

/** Milliseconds; the largest policy takes some seconds. */
const LIMIT = 60_000;
/** Characters that are kept of what the child says. */
const MOST = 256 * 1024;

/**
 * Has the policy that operators edit applied as an operator would, while requests are answered: check, tests and diff
 * of a large policy take longer than a request may wait, and writing the applied copy is a right that this process
 * may not have. Nothing of this process's environment is handed on.
 */
export async function applyInChild(deps: ChildDeps): Promise<ChildOutcome> {
  const { code, stdout, stderr } = await runChild(deps);
  const said = parseSaid(stdout);
  if (code === 0 && said !== undefined && "policy" in said) return { isApplied: true, ...said };
  if (said !== undefined && "error" in said) {
    const [hint] = said.hints;
    // Of a policy that does not pass, the first thing that is wrong with it.
    const [first = ""] = stderr.split("\n");
    const why = / (?:error|warning)\[[EW]\d+\]: /.test(first)
      ? `${said.error}: ${first}`
      : said.error;
    return { isApplied: false, why, ...(hint !== undefined && { hint }) };
  }
  const rest = stderr.trim().split("\n").at(-1) ?? "";
  const why = `keyserver policy apply ended with ${code}${rest === "" ? "" : `: ${rest}`}`;
  return { isApplied: false, why, hint: "as root: keyserver policy apply" };
}

const Said = Type.Union([
  Type.Object({
    applied: Type.Boolean(),
    policy: Type.String(),
    version: Type.Optional(Type.Integer()),
  }),
  Type.Object({ error: Type.String(), hints: Type.Array(Type.String()) }),
]);

function parseSaid(stdout: string): Static<typeof Said> | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return Value.Check(Said, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Ended = { readonly code: number | string; readonly stdout: string; readonly stderr: string };

function runChild({ program, root, signal }: ChildDeps): Promise<Ended> {
  const [file = "", ...flags] = program;
  const child = spawn(file, [...flags, "--root", root, "policy", "apply", "--yes", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", KEYSYSTEM_ASKED_BY: "SIGHUP" },
    cwd: "/",
    timeout: LIMIT,
    killSignal: "SIGKILL",
    signal,
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      said[stream] = (said[stream] + text).slice(0, MOST);
    });
  }
  return new Promise((resolve) => {
    let problem = "";
    child.on("error", (error) => {
      problem = error.message;
    });
    child.on("close", (code, ended) => resolve({ code: code ?? ended ?? problem, ...said }));
  });
}
