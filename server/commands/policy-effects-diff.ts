import type { Command } from "commander";
import { diff } from "../../policy/effects/diff.ts";
import type { Change } from "../../policy/effects/diff/change.ts";
import { countChanges } from "../../policy/effects/diff/count.ts";
import { runTests } from "../../policy/tests.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { versionFile } from "../config/policy-history.ts";
import type { Context, WithContext } from "./context.ts";
import { loadPolicy } from "./policy-effects-file.ts";
import { formatDiff } from "./policy-effects-text.ts";

type Options = { readonly against?: string; readonly failOn?: string };

/** What `--fail-on` can name; each is a kind of change. */
const FAULTS = {
  gained: ({ section, gains }: Change) => section === "what they can get" && gains,
  loosened: ({ section, gains }: Change) => section === "limits" && gains,
  lost: ({ section, loses }: Change) => section === "what they can get" && loses,
} as const satisfies Record<string, (change: Change) => boolean>;
const FAULT_NAMES = Object.keys(FAULTS);

/** `keyserver policy diff [NEW]`: exit code 5 for what `--fail-on` names. */
export function diffCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("diff")
    .description("show what an edit changes: who is who, what they get, limits and tests")
    .argument(
      "[new]",
      "the edited policy, or a version's number; /etc/keysystem/policy.yaml when left out",
    )
    .option(
      "--against <file>",
      "the policy before, or a version's number; the one in force when left out",
    )
    .option("--fail-on <kinds>", `exit code 5 for changes of these kinds: ${FAULT_NAMES.join(",")}`)
    .action((file: string | undefined, _options, command: Command) => {
      runDiff(contextOf(command), file, command.opts<Options>());
    });
}

function runDiff(
  { paths, terminal }: Context,
  file: string | undefined,
  { against, failOn }: Options,
): void {
  const faults = readFaults(failOn);
  const before = loadPolicy(
    versionFile(paths, against ?? paths.applied),
    "name the policy before: keyserver policy diff NEW --against FILE",
  );
  const after = loadPolicy(
    versionFile(paths, file ?? paths.policy),
    "name the file: keyserver policy diff FILE",
  );
  const changes = diff(before.policy, after.policy);
  const results = runTests(after.policy);
  const passed = results.filter((result) => result.passed).length;
  const tests = { passed, failed: results.length - passed };
  const counts = countChanges(changes);
  const { file: name } = after;
  terminal.show({ file: name, against: before.file, changes, counts, tests }, () =>
    formatDiff({ file: name, changes, counts, tests }),
  );
  if (changes.some((change) => faults.some((isFault) => isFault(change))))
    process.exitCode = EXIT.unhealthy;
}

function readFaults(text: string | undefined): readonly ((change: Change) => boolean)[] {
  if (text === undefined) return [];
  return text.split(",").map((name) => {
    const [, isFault] = Object.entries(FAULTS).find(([known]) => known === name) ?? [];
    if (isFault !== undefined) return isFault;
    throw new OperatorError(`--fail-on does not know "${name}"`, {
      hint: `name some of ${FAULT_NAMES.join(",")}`,
      exitCode: EXIT.usage,
    });
  });
}
