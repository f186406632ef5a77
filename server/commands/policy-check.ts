import { type Command, Option } from "commander";
import { formatCodePage, isCode, listCodes } from "../../policy/codes/codes.ts";
import { formatShort } from "../../policy/render.ts";
import { formatSarif } from "../../policy/sarif.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { checkPolicyFile, formatSummary, type PolicyReport } from "../config/policy-report.ts";
import type { Context, WithContext } from "./context.ts";

type Options = {
  readonly format: "text" | "short" | "json" | "sarif";
  readonly strict?: boolean;
  readonly explain?: string;
};

/** `keyserver policy check [FILE]`: offline, without root and without secrets. Exits 5 when the policy does not pass. */
export function policyCheckCommand(policy: Command, contextOf: WithContext): void {
  policy
    .command("check")
    .description("read, check and test a policy file; nothing is applied")
    .argument("[file]", "the policy; /etc/keysystem/policy.yaml when left out")
    .addOption(
      new Option("--format <format>", "how messages are printed")
        .choices(["text", "short", "json", "sarif"])
        .default("text"),
    )
    .option("--strict", "warnings count as errors do")
    .option("--explain <code>", "print the page of a code, such as E401")
    .action((file: string | undefined, options: Options, command: Command) => {
      const { paths, terminal } = contextOf(command);
      if (options.explain !== undefined) {
        explain(terminal, options.explain);
        return;
      }
      const report = checkPolicyFile(file ?? paths.policy);
      const passes = report.passes && !(options.strict === true && report.warnings > 0);
      print(terminal, { ...report, passes }, options.format);
      if (!passes) process.exitCode = EXIT.unhealthy;
    });
}

function explain({ show }: Context["terminal"], text: string): void {
  const code = text.toUpperCase();
  if (!isCode(code)) {
    throw new OperatorError(`no message has the code ${JSON.stringify(text.slice(0, 32))}`, {
      hint: `one of ${listCodes().join(" ")}: keyserver policy check --explain E401`,
      exitCode: EXIT.usage,
    });
  }
  show({ code, page: formatCodePage(code) }, () => formatCodePage(code));
}

function print(
  terminal: Context["terminal"],
  report: PolicyReport,
  format: Options["format"],
): void {
  switch (format) {
    case "text":
      showReport(terminal, report);
      return;
    case "short":
      for (const diagnostic of report.diagnostics) terminal.out(formatShort(diagnostic));
      return;
    case "json":
      terminal.out(JSON.stringify({ schema: 1, ...documentOf(report) }, null, 2));
      return;
    case "sarif":
      terminal.out(JSON.stringify(formatSarif(report.diagnostics), null, 2));
  }
}

/** Prints a report: the messages beside the answer, the summary as the answer. */
export function showReport({ show, err }: Context["terminal"], report: PolicyReport): void {
  if (report.rendered !== "") err(report.rendered);
  show(documentOf(report), () => formatSummary(report));
}

const documentOf = ({
  file,
  passes,
  errors,
  warnings,
  grants,
  nodes,
  tests,
  diagnostics,
}: PolicyReport): object => ({
  file,
  passes,
  errors,
  warnings,
  grants,
  nodes,
  tests,
  diagnostics,
});
