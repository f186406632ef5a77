import type { Policy } from "../decision.ts";
import type { Diagnostic, Place } from "../diagnostic.ts";
import { formatPolicy } from "../format/format.ts";
import { readPolicy } from "../read.ts";
import { isIdentifier } from "../text/name.ts";
import type { Setup } from "./setup.ts";
import { writePolicyText } from "./write.ts";
import { quoted } from "./yaml-text.ts";

/** The policy that takes the place of a `setup.yaml`: `text` is there exactly when no diagnostic is an error. */
export type Imported = {
  readonly text?: string;
  readonly policy?: Policy;
  /** At places of `setup.yaml`. */
  readonly diagnostics: readonly Diagnostic[];
};

/** The name that a cluster probably has: Homeworld had none, and its internal domain was usually called after it. */
export function usualClusterName({ internalDomain, domain }: Setup): string {
  const first = [internalDomain, domain].map((name) => name.split(".", 1)[0] ?? "");
  return first.find(isIdentifier) ?? "cluster";
}

/**
 * Writes the policy and reads it back.
 *
 * What the reader has against it (a machine that takes a reserved name, a name too long for a
 * certificate) is said at the line of `setup.yaml` that it comes from.
 */
export function importSetup(setup: Setup, cluster: string): Imported {
  const written = writePolicyText(setup, cluster);
  const text = formatPolicy(written) ?? written;
  const { policy, diagnostics } = readPolicy(text, { file: setup.place.file });
  const origins = originsOf(setup, text);
  const moved = diagnostics.map((diagnostic) => ({
    ...diagnostic,
    place: origins.get(diagnostic.place.line) ?? setup.place,
    // They name lines of a policy that was not written.
    notes: [],
  }));
  return policy === undefined ? { diagnostics: moved } : { text, policy, diagnostics: moved };
}

/** Lines of the policy that stand for a machine, with the place of its name in `setup.yaml`. */
function originsOf({ machines }: Setup, text: string): ReadonlyMap<number, Place> {
  const lines = text.split("\n");
  return new Map(
    machines.map(({ name, place }) => {
      const isOf = (line: string): boolean =>
        line.startsWith(`  ${quoted(name)}:`) && line.includes(" address: ");
      return [lines.findIndex(isOf) + 1, place] as const;
    }),
  );
}
