import { createMachine } from "./machines.ts";
import { MACHINES } from "./site.ts";
import type { Part, Stage } from "./stage.ts";

/** The parts with their steps, for `--list`. */
export function formatListing(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      const { steps, closing = [] } = part.begin(INERT);
      const lines = [...steps, ...closing].map(({ title }) => `    ${title}\n`);
      const needs = part.needs.length === 0 ? "" : `   (after ${part.needs.join(", ")})`;
      return `${part.name}: ${part.about}${needs}\n${lines.join("")}`;
    })
    .join("\n");
}

/** Nobody plays on it: what a part says of its steps needs machines only by name. */
const INERT: Stage = {
  machine(name) {
    const spec = MACHINES.find((each) => each.name === name);
    if (spec === undefined) throw new TypeError(`no machine is called ${name}`);
    return createMachine({ spec, folder: "", logs: "", images: "", bridge: "", packages: "" });
  },
  network: { cut: () => Promise.resolve(), join: () => Promise.resolve() },
  logs: "",
  note: () => undefined,
  figure: () => undefined,
  atEnd: () => undefined,
};
