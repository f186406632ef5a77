import { readFileSync } from "node:fs";
import type { Policy } from "../../../../policy/decision.ts";
import { importSetup, usualClusterName } from "../../../../policy/homeworld/import.ts";
import { readSetup } from "../../../../policy/homeworld/setup.ts";
import { formatShort } from "../../../../policy/render.ts";

/** A setup.yaml with every key that Homeworld had. */
export const SETUP = readFileSync(
  new URL("../../../fixtures/homeworld.setup.yaml", import.meta.url),
  "utf8",
);

/** What taking `text` over comes to: a policy, or the first lines of what is wrong. */
export type Taken = {
  readonly text?: string;
  readonly policy?: Policy;
  readonly messages: readonly string[];
  readonly left: readonly string[];
};

/** Reads and writes as the commands do. */
export function take(text: string): Taken {
  const { setup, diagnostics, left } = readSetup(text, "setup.yaml");
  const keys = left.map(({ place, key }) => `${place.line}:${place.column} ${key}`);
  if (setup === undefined) return { messages: diagnostics.map(formatShort), left: keys };
  const { diagnostics: later, ...imported } = importSetup(setup, usualClusterName(setup));
  return { ...imported, messages: later.map(formatShort), left: keys };
}

/** The policy that `text` must give. */
export function takeOver(text: string): { readonly text: string; readonly policy: Policy } {
  const taken = take(text);
  if (taken.text === undefined || taken.policy === undefined)
    throw new TypeError(taken.messages.join("\n"));
  return { text: taken.text, policy: taken.policy };
}
