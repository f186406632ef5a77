import type { Place } from "../../diagnostic.ts";
import type { DenialCode } from "../../decision.ts";

/** One step of a decision, in the order in which it is taken. */
export type Step = {
  /** Groups and roles share theirs. */
  readonly number: number;
  readonly what: "identity" | "group" | "role" | "grant" | "limits" | "never" | "issues" | "gives";
  readonly text: string;
  /** The line of the policy that counted. */
  readonly place?: Place;
  /** What the policy asks for there, where that is what was missing. */
  readonly wants?: string;
};

/** Gives steps their numbers. */
export const numberSteps = (steps: readonly Omit<Step, "number">[]): readonly Step[] => {
  const kinds = [...new Set(steps.map(({ what }) => what))];
  return steps.map((step) => ({ number: kinds.indexOf(step.what) + 1, ...step }));
};

/** How a decision came about. */
export type Explanation = {
  readonly subject: string;
  readonly grant: string;
  readonly from?: string;
  readonly verdict: "allowed" | "denied";
  readonly steps: readonly Step[];
  /** Of a denial: what ended it, and the code that a client sees. */
  readonly stopped?: { readonly code: DenialCode; readonly text: string };
  /** The grant most like it that the subject does hold. */
  readonly instead?: { readonly grant: string; readonly text: string; readonly place: Place };
};

/** As people read it, one line for each step. */
export function formatExplanation(explanation: Explanation): string {
  const { subject, grant, from, verdict, steps, stopped, instead } = explanation;
  const source = from === undefined ? "" : ` from ${from}`;
  const line = (label: string, text: string): string => `  ${label.padEnd(13)}${text}`.trimEnd();
  return [
    `${subject} asks for ${grant}${source}:  ${verdict.toUpperCase()}`,
    ...steps.map((step) => line(`${step.number} ${step.what}`, `${step.text}${whereOf(step)}`)),
    ...(stopped === undefined ? [] : [line("stopped at", stopped.text)]),
    ...(instead === undefined
      ? []
      : [line("instead", `${instead.grant}: ${instead.text}${whereOf(instead)}`)]),
  ].join("\n");
}

function whereOf({ place, wants }: Pick<Step, "place" | "wants">): string {
  if (place === undefined) return wants === undefined ? "" : `  (${wants})`;
  const where = `${place.file}:${place.line}`;
  return wants === undefined ? `  (${where})` : `  (${where}: ${wants})`;
}
