import type { Command } from "commander";
import { checkPolicyFile } from "../config/policy-report.ts";
import type { Context, WithContext } from "./context.ts";
import { putIntoForce, takeAsEdited } from "./policy-apply-force.ts";
import { whileAlone } from "./policy-apply-lock.ts";
import {
  formatProposal,
  type Proposal,
  propose,
  requireNamed,
  requirePass,
} from "./policy-apply-proposal.ts";
import { tellingRefusal } from "./policy-apply-refusal.ts";
import { formatLoss, lossesOf } from "./policy-apply-self.ts";
import { confirm } from "./policy-apply-question.ts";

/** What an operator may say beforehand. */
export type ApplyOptions = { readonly yes?: boolean; readonly loosen?: readonly string[] };

/** `--yes` and `--loosen`, for each command that puts a policy into force. */
export const withApplyOptions = (command: Command): Command =>
  command
    .option("--yes", "do not ask")
    .option("--loosen <id...>", "never rules that may be weakened or removed by this");

/** `keyserver policy apply`: exit code 5 for what is refused, and then nothing has changed. */
export function policyApplyCommand(policy: Command, contextOf: WithContext): void {
  withApplyOptions(
    policy
      .command("apply")
      .description("check /etc/keysystem/policy.yaml, show what it changes, put it into force"),
  )
    .option("--file <file>", "this policy instead; it becomes /etc/keysystem/policy.yaml")
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      const options = command.opts<ApplyOptions & { readonly file?: string }>();
      await whileAlone(context, "applies it", () =>
        applyFile(context, { ...options, command: commandFor(options) }),
      );
    });
}

const commandFor = ({ file }: { readonly file?: string }): string =>
  file === undefined ? "policy apply" : `policy apply --file ${file}`;

/** A policy file to be applied; `command` is what the operator typed, for hints. */
export type Application = ApplyOptions & { readonly file?: string; readonly command: string };

/** Check, tests, diff, confirmation, and into force. @throws OperatorError for each refusal */
export async function applyFile(
  context: Context,
  { file, yes = false, loosen = [], command }: Application,
): Promise<void> {
  const { paths, terminal } = context;
  const proposal = await tellingRefusal(context, () =>
    consider(context, file ?? paths.policy, loosen),
  );
  if (proposal.isInForce) {
    const kept = takeAsEdited(context, proposal);
    terminal.show({ ...documentOf(proposal), applied: false, kept }, () =>
      [`nothing to do: ${proposal.hash.slice(0, 8)} is in force`, ...keptLines(kept)].join("\n"),
    );
    return;
  }
  if (!yes) await confirm([command, ...loosenFlag(loosen)].join(" "));
  showApplied(context, proposal, await putIntoForce(context, proposal));
}

/** Checks a policy, and shows what it changes where it changes something. @throws OperatorError for each refusal */
async function consider(
  context: Context,
  file: string,
  loosen: readonly string[],
): Promise<Proposal> {
  const report = checkPolicyFile(file);
  requirePass(context.terminal, report);
  const proposal = await propose(context, report);
  if (proposal.isInForce) return proposal;
  showProposal(context, proposal);
  requireNamed(proposal, loosen);
  return proposal;
}

const loosenFlag = (ids: readonly string[]): readonly string[] =>
  ids.length === 0 ? [] : ["--loosen", ...ids];

/** Prints what a proposal changes, beside the answer where that is a JSON document, and what it takes from its author. */
export function showProposal({ terminal, options }: Context, proposal: Proposal): void {
  if (options.json === true) terminal.err(formatProposal(proposal));
  else terminal.show({}, () => formatProposal(proposal));
  const { SUDO_USER: account } = process.env;
  if (account === undefined) return;
  for (const loss of lossesOf(account, proposal.before, proposal.policy))
    terminal.err(`keyserver: warning: ${formatLoss(loss)}`);
}

/** Prints that a proposal is in force. */
export function showApplied(
  { terminal }: Pick<Context, "terminal">,
  proposal: Proposal,
  { number, kept }: Awaited<ReturnType<typeof putIntoForce>>,
): void {
  const version = number === undefined ? "" : `, version ${number}`;
  terminal.show({ ...documentOf(proposal), applied: true, version: number, kept }, () =>
    [`applied: ${proposal.hash.slice(0, 8)} is in force${version}`, ...keptLines(kept)].join("\n"),
  );
}

const keptLines = (kept: readonly string[]): readonly string[] =>
  kept.map((file) => `kept what was never applied: ${file}`);

const documentOf = ({ report, hash, changes, counts }: Proposal): object => ({
  file: report.file,
  policy: hash,
  changes,
  counts,
});
