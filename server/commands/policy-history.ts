import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { findVersion, listVersions, type Version } from "../config/policy-history.ts";
import { formatTime } from "../time.ts";
import type { Context, WithContext } from "./context.ts";
import { applyFile, type ApplyOptions, withApplyOptions } from "./policy-apply.ts";
import { whileAlone } from "./policy-apply-lock.ts";
import { formatCounts } from "./policy-effects-text.ts";
import { formatTable } from "./terminal.ts";

/** `keyserver policy history`, `show` and `rollback`: what was in force, and back to it. */
export function historyCommands(policy: Command, contextOf: WithContext): void {
  policy
    .command("history")
    .description("list the versions that were in force, the newest first")
    .action((_options, command: Command) => {
      const { paths, terminal } = contextOf(command);
      const versions = listVersions(paths).toReversed();
      terminal.show({ versions: versions.map(documentOf) }, () => formatVersions(versions));
    });
  policy
    .command("show")
    .description("print a version as it was applied")
    .argument("[number]", "of the history; the newest when left out")
    .action((number: string | undefined, _options, command: Command) => {
      showVersion(contextOf(command), number);
    });
  withApplyOptions(
    policy
      .command("rollback")
      .description("put a version of the history into force again, as apply does"),
  )
    .argument("<number>", "of the history")
    .action(async (number: string, _options, command: Command) => {
      const context = contextOf(command);
      const { file } = findVersion(context.paths, number);
      const options = command.opts<ApplyOptions>();
      await whileAlone(context, "rolls it back", () =>
        applyFile(context, { ...options, file, command: `policy rollback ${number}` }),
      );
    });
}

function showVersion({ paths, terminal }: Context, number: string | undefined): void {
  const version = number === undefined ? listVersions(paths).at(-1) : findVersion(paths, number);
  if (version === undefined) {
    throw new OperatorError("no policy was applied", {
      hint: "keyserver init",
      exitCode: EXIT.usage,
    });
  }
  const text = readFileSync(version.file, "utf8");
  terminal.show({ ...documentOf(version), text }, () => text.trimEnd());
}

const documentOf = ({ at, ...version }: Version): object => ({ ...version, at: formatTime(at) });

const formatVersions = (versions: readonly Version[]): string =>
  formatTable(
    ["VERSION", "APPLIED", "HASH", "BY", "CHANGES"],
    versions.map(({ number, at, hash, by, changes }) => [
      String(number),
      formatTime(at),
      hash.slice(0, 8),
      by,
      changes === undefined ? "–" : formatCounts(changes),
    ]),
  );
