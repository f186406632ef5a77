import type { Command } from "commander";
import type { Policy } from "../../policy/decision.ts";
import { answersOf } from "../../policy/effects/answers.ts";
import { parseTerm, QUERY_KEYS, type Term } from "../../policy/effects/query.ts";
import { whoCan } from "../../policy/effects/who-can.ts";
import { printable } from "../../policy/identify.ts";
import { nearestName } from "../../policy/suggestion.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { loadPolicy } from "./policy-effects-file.ts";
import { formatResolved, resolveGroups } from "./policy-effects-resolve.ts";
import { formatAnswers } from "./policy-effects-text.ts";

/** `keyserver policy who-can KEY=VALUE…`: everybody who gets all of it by one grant. */
export function whoCanCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("who-can")
    .description("list everybody who can get something")
    .argument("<query...>", `what: ${QUERY_KEYS.map((key) => `${key}=`).join(" ")}`)
    .option("--file <file>", "the policy; /etc/keysystem/policy.yaml when left out")
    .option("--resolve", "ask the running keyserver who is in the groups now")
    .action(async (query: readonly string[], _options, command: Command) => {
      await runWhoCan(contextOf(command), query, command.opts<Options>());
    });
}

type Options = { readonly file?: string; readonly resolve?: boolean };

async function runWhoCan(
  { paths, terminal, client }: Context,
  query: readonly string[],
  { file: chosen, resolve = false }: Options,
): Promise<void> {
  const { policy, file } = loadPolicy(chosen ?? paths.policy);
  const holders = whoCan(
    policy,
    query.map((text) => readTerm(policy, text)),
  );
  const answers = answersOf(policy, holders);
  // Root on the master lets people back in, whatever the policy says.
  const root = query.some((text) => ["admit", "operate"].includes(parseTerm(text)?.key ?? ""));
  const resolved = resolve ? await resolveGroups(client, holders) : undefined;
  terminal.show({ file, query, answers, root, ...(resolved && { resolved }) }, () =>
    [formatAnswers(file, answers, root), ...formatResolved(resolved ?? [])].join("\n"),
  );
  if (resolved?.some(({ unknown }) => unknown.length > 0) === true)
    process.exitCode = EXIT.unreachable;
}

/** A name that the policy does not know is a slip, and no answer would look like a good one. */
function readTerm(policy: Policy, text: string): Term {
  const term = parseTerm(text);
  if (term === undefined)
    throw new OperatorError(`"${printable(text)}" is no question`, {
      hint: `ask KEY=VALUE with one of ${QUERY_KEYS.join(", ")}, as keyserver policy who-can o=system:masters`,
      exitCode: EXIT.usage,
    });
  const known = knownNames(policy, term);
  const { text: value } = term.pattern;
  if (known === undefined || known.includes(value)) return term;
  const near = nearestName(value, known);
  throw new OperatorError(`the policy has no ${term.key} "${printable(value)}"`, {
    hint: near === undefined ? `one of ${known.join(", ")}` : `did you mean ${term.key}=${near}?`,
    exitCode: EXIT.usage,
  });
}

function knownNames(policy: Policy, { key }: Term): readonly string[] | undefined {
  switch (key) {
    case "grant":
      return [...policy.grants.keys()];
    case "issue":
      return [...policy.authorities.keys()];
    case "admit":
      return [...policy.roles.keys()];
    case "operate":
      return ["revoke", "audit", "apply"];
    case "principal":
    case "cn":
    case "o":
    case "name":
    case "fetch":
      return undefined;
  }
}
