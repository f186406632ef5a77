import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { ACCESS_HEADER, accessOf } from "../../policy/effects/access.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { loadPolicy } from "./policy-effects-file.ts";

type Options = { readonly file?: string; readonly check?: string };

/** `keyserver policy access`: with `--check FILE` says whether FILE holds the same, and exits 5 when it does not. */
export function accessCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("access")
    .description("list who gets what, one sorted line each, to keep beside the policy")
    .option("--file <file>", "the policy; /etc/keysystem/policy.yaml when left out")
    .option("--check <snapshot>", "print only what changed since it was written; exit 5 if any")
    .action((_options, command: Command) => {
      const { paths, terminal } = contextOf(command);
      const { file: chosen, check } = command.opts<Options>();
      const { policy: model, file } = loadPolicy(chosen ?? paths.policy);
      const lines = accessOf(model);
      if (check !== undefined) checkSnapshot(terminal, check, { file, lines });
      else terminal.show({ file, lines }, () => [ACCESS_HEADER, ...lines].join("\n"));
    });
}

type Access = { readonly file: string; readonly lines: readonly string[] };

function checkSnapshot({ show, err }: Context["terminal"], check: string, access: Access): void {
  const { file, lines } = access;
  const rewrite = `keyserver policy access --file ${file} > ${check}`;
  const kept = readSnapshot(check, rewrite).split(/\r?\n/);
  const wanted = [ACCESS_HEADER, ...lines, ""];
  const added = lines.filter((line) => !kept.includes(line));
  const gone = kept.filter((line) => line !== "" && !wanted.includes(line));
  const isStale = kept.join("\n") !== wanted.join("\n");
  const changes = [...gone.map((line) => `-${line}`), ...added.map((line) => `+${line}`)];
  const total = isStale
    ? `${check} is not what ${file} gives: ${describe(added, gone)}`
    : `${check} is what ${file} gives: ${lines.length} lines`;
  show({ file, snapshot: check, stale: isStale, added, gone }, () =>
    [...changes.toSorted(byLine), total].join("\n"),
  );
  if (!isStale) return;
  err(`keyserver: hint: look at what changes, then run  ${rewrite}  and commit it with the policy`);
  process.exitCode = EXIT.unhealthy;
}

/** What is gone stands beside what has come instead. */
const byLine = (a: string, b: string): number => {
  if (a.slice(1) === b.slice(1)) return 0;
  return a.slice(1) < b.slice(1) ? -1 : 1;
};

function describe(added: readonly string[], gone: readonly string[]): string {
  if (added.length + gone.length === 0) return "the same lines in another order, or one twice";
  const count = (lines: readonly string[]): string =>
    `${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
  return `${count(added)} new, ${count(gone)} gone`;
}

function readSnapshot(file: string, rewrite: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const isAbsent = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError(isAbsent ? `${file} does not exist` : `cannot read ${file}: ${why}`, {
      hint: isAbsent ? `write it, and commit it with the policy: ${rewrite}` : "name another file",
      exitCode: EXIT.usage,
      cause,
    });
  }
}
