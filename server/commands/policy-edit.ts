import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { checkPolicyFile } from "../config/policy-report.ts";
import type { Context, WithContext } from "./context.ts";
import { putIntoForce } from "./policy-apply-force.ts";
import { whileAlone } from "./policy-apply-lock.ts";
import { type Proposal, propose, requireNamed, requirePass } from "./policy-apply-proposal.ts";
import { canAsk, choose } from "./policy-apply-question.ts";
import { showApplied, showProposal } from "./policy-apply.ts";
import { type Draft, keepDraft, makeDraft, openEditor } from "./policy-edit-draft.ts";

type Options = { readonly loosen?: readonly string[] };

/** `keyserver policy edit`: an editor on a copy, check, diff, and into force if that is wanted; as visudo does. */
export function policyEditCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("edit")
    .description("edit a copy of /etc/keysystem/policy.yaml, check it, put it into force")
    .option("--loosen <id...>", "never rules that may be weakened or removed by this")
    .action(async (_options, command: Command) => {
      const context = contextOf(command);
      if (!canAsk()) {
        throw new OperatorError("policy edit needs a terminal, and there is none", {
          hint: "edit the file, then: keyserver policy apply --yes",
          exitCode: EXIT.usage,
        });
      }
      await whileAlone(context, "edits it", () => edit(context, command.opts<Options>()));
    });
}

async function edit(context: Context, { loosen = [] }: Options): Promise<void> {
  const { paths, terminal } = context;
  const draft = makeDraft(paths.policy);
  try {
    const outcome = await editUntilRight(context, draft, loosen);
    if (outcome === "unchanged")
      terminal.show({ applied: false }, () => "no change; nothing was applied");
    else if (outcome !== "thrown away")
      showApplied(context, outcome, await putIntoForce(context, outcome, draft.base));
    else {
      terminal.show({ applied: false }, () => "thrown away; nothing was changed");
      process.exitCode = EXIT.unhealthy;
    }
  } catch (error) {
    // Work is lost only where its author said so.
    const kept = keepDraft(draft, paths.policy);
    if (kept !== undefined)
      terminal.err(`your edit is kept: keyserver policy apply --file ${kept}`);
    throw error;
  } finally {
    draft.remove();
  }
}

/** What the operator wants in force. @throws OperatorError when he ends it in the middle */
async function editUntilRight(
  context: Context,
  draft: Draft,
  loosen: readonly string[],
): Promise<Proposal | "unchanged" | "thrown away"> {
  for (;;) {
    await openEditor(draft.file);
    if (!draft.isChanged()) return "unchanged";
    const proposal = await review(context, draft, loosen);
    const answer =
      proposal === undefined
        ? await choose("What now?", ["edit", "throw away"], "edit")
        : await choose("Put this into force?", ["yes", "edit", "throw away"], "edit");
    if (answer === undefined)
      throw new OperatorError("nothing was applied", { exitCode: EXIT.unhealthy });
    if (answer === "throw away") return "thrown away";
    if (answer === "yes" && proposal !== undefined) return proposal;
  }
}

/** Shows what an edit does, or what is wrong with it. */
async function review(
  context: Context,
  { file }: Draft,
  loosen: readonly string[],
): Promise<Proposal | undefined> {
  const { terminal, paths } = context;
  try {
    const report = checkPolicyFile(file);
    requirePass(terminal, { ...report, rendered: report.rendered.replaceAll(file, paths.policy) });
    const proposal = await propose(context, report);
    showProposal(context, proposal);
    requireNamed(proposal, loosen);
    return proposal;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    terminal.err(`keyserver: error: ${error.message.replaceAll(file, paths.policy)}`);
    return undefined;
  }
}
