import type { Command } from "commander";
import type { Ask, Policy, Subject } from "../../policy/decision.ts";
import { explain } from "../../policy/effects/explain.ts";
import { formatExplanation } from "../../policy/effects/explain/explanation.ts";
import { parseSubject } from "../../policy/effects/subject.ts";
import { printable } from "../../policy/identify.ts";
import { nearestName } from "../../policy/suggestion.ts";
import { canonicalAddress } from "../../policy/text/address.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { loadPolicy } from "./policy-effects-file.ts";

type Options = {
  readonly from?: string;
  readonly in?: string;
  readonly choose?: string;
  readonly node?: string;
  readonly file?: string;
};

/** `keyserver policy explain SUBJECT GRANT`: exit code 0 when it is allowed, 3 when it is denied. */
export function explainCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("explain")
    .description("say step by step why somebody gets a grant, or does not")
    .argument(
      "<subject>",
      "w3, cela/root@REALM, alice with --in; or node:, kerberos: or ldap: and a name",
    )
    .argument("<grant>", "the grant that is asked for")
    .option("--from <address>", "where the request comes from")
    .option("--in <facts>", "groups of a person, as ldap:users,ldap:active")
    .option("--choose <principals>", "SSH principals out of may-choose, with commas")
    .option("--node <node>", "for a grant to admit: the node")
    .option("--file <file>", "the policy; /etc/keysystem/policy.yaml when left out")
    .action((subject: string, grant: string, _options, command: Command) => {
      runExplain(contextOf(command), subject, grant, command.opts<Options>());
    });
}

function runExplain(
  { paths, terminal }: Context,
  text: string,
  grant: string,
  options: Options,
): void {
  const { policy, file } = loadPolicy(options.file ?? paths.policy);
  const facts = listOf(options.in);
  const subject = parseSubject(policy, text, facts);
  if (subject === undefined)
    throw new OperatorError(`"${printable(text)}" is nobody's name`, {
      hint: "name a node, a user, or a principal: keyserver policy explain alice ssh-login --in ldap:users",
      exitCode: EXIT.usage,
    });
  const explanation = explain(policy, subject, askOf(grant, options));
  terminal.show({ file, ...explanation }, () => formatExplanation(explanation));
  if (explanation.verdict === "allowed") return;
  process.exitCode = EXIT.denied;
  const advice = adviceFor(policy, subject, text, facts);
  if (advice !== undefined) terminal.err(`keyserver: hint: ${advice}`);
}

/** A reason is what people type in, so it is taken as given. */
function askOf(grant: string, { from, choose, node }: Options): Ask {
  if (from !== undefined && canonicalAddress(from) === undefined)
    throw new OperatorError(`"${printable(from)}" is no address`, {
      hint: "give one address, as --from 10.9.4.7",
      exitCode: EXIT.usage,
    });
  return {
    grant,
    reason: "policy explain",
    ...(from !== undefined && { from }),
    ...(choose !== undefined && { choose: listOf(choose) }),
    ...(node !== undefined && { node }),
  };
}

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? "").split(",").filter((part) => part !== "");

/** Who meant a node, or forgot the groups, is told. */
function adviceFor(
  { nodes }: Policy,
  subject: Subject,
  text: string,
  facts: readonly string[],
): string | undefined {
  const [name, isNode] = subject.kind === "node" ? [subject.node, true] : [text, false];
  const near = nodes.has(name) ? undefined : nearestName(name, nodes.keys());
  if (isNode) return near && `did you mean ${near}?`;
  if (subject.kind !== "person" || facts.length > 0 || subject.principal !== undefined)
    return undefined;
  const node = near === undefined ? "" : `; or did you mean the node ${near}?`;
  return `${text} was taken for a person in no group; name groups with --in ldap:GROUP${node}`;
}
