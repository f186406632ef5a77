import { basename } from "node:path";
import { importSetup, usualClusterName } from "../../policy/homeworld/import.ts";
import { formatLeft, type Left } from "../../policy/homeworld/left.ts";
import { readSetup, type Setup } from "../../policy/homeworld/setup.ts";
import type { Diagnostic } from "../../policy/diagnostic.ts";
import { formatDiagnostic } from "../../policy/render.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "./operator-error.ts";
import { readPolicyText } from "./policy-file.ts";

/** A Homeworld `setup.yaml` that can be taken over. */
export type SetupFile = {
  readonly setup: Setup;
  /** What of it no policy says. */
  readonly left: readonly Left[];
  readonly usualCluster: string;
  /** The policy in its place. @throws OperatorError with the lines of the file that stand in the way */
  readonly toPolicy: (cluster: string) => string;
};

/** Reads a `setup.yaml`; writes nothing. @throws OperatorError with every line that is wrong */
export function readSetupFile(file: string): SetupFile {
  const text = readPolicyText(file);
  if (text instanceof Error) {
    throw new OperatorError(`no setup.yaml: ${text.message}`, {
      hint: "name Homeworld's file: keyserver policy import FILE",
      exitCode: EXIT.usage,
      cause: text,
    });
  }
  const refuse = (diagnostics: readonly Diagnostic[]): OperatorError => {
    const rendered = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, () => text));
    return new OperatorError(`${basename(file)} cannot be taken over\n${rendered.join("\n\n")}`, {
      hint: "correct a copy of the file and give that; nothing was written",
      exitCode: EXIT.unhealthy,
    });
  };
  const { setup, diagnostics, left } = readSetup(text, file);
  if (setup === undefined) throw refuse(diagnostics);
  return {
    setup,
    left,
    usualCluster: usualClusterName(setup),
    toPolicy(cluster) {
      const imported = importSetup(setup, cluster);
      if (imported.text === undefined) throw refuse(imported.diagnostics);
      return imported.text;
    },
  };
}

/** What was left behind, a paragraph for each, and how many there are. */
export function formatLeftovers(file: string, left: readonly Left[]): string {
  const count = `${left.length} ${left.length === 1 ? "entry" : "entries"}`;
  const summary = left.length === 0 ? "nothing is left behind" : `${count} not taken over`;
  return [...left.map(formatLeft), `${file}: ${summary}`].join("\n");
}
