import type { PartOutcome, Report } from "./report.ts";
import type { Part, Stage, Step } from "./stage.ts";

/** The parts that `only` names and all that they need, in the story's order; all when `only` is empty. */
export function choose(parts: readonly Part[], only: readonly string[]): readonly Part[] {
  const chosen = new Set<string>();
  const add = (name: string): void => {
    const part = parts.find((each) => each.name === name);
    if (part === undefined) {
      const known = parts.map((each) => each.name).join(", ");
      throw new RangeError(`no part is called ${name}; there are ${known}`);
    }
    chosen.add(name);
    part.needs.forEach(add);
  };
  (only.length === 0 ? parts.map(({ name }) => name) : only).forEach(add);
  return parts.filter(({ name }) => chosen.has(name));
}

/**
 * Plays parts one after the other, then what closes them, then those that are last. A step that fails ends nothing
 * but, if essential, its part.
 */
export async function playStory(
  parts: readonly Part[],
  stage: Stage,
  report: Report,
  done: (outcome: PartOutcome) => void,
): Promise<void> {
  const broken = new Set<string>();
  const playAll = async (chosen: readonly Act[]): Promise<void> => {
    for (const { part, steps, skipped } of chosen) {
      report.heading(`${part.name}: ${part.about}`);
      if (skipped !== undefined) {
        broken.add(part.name);
        report.skipped(skipped);
        done({ name: part.name, passed: 0, failed: 0, seconds: 0, skipped });
        continue;
      }
      const missing = part.needs.find((name) => broken.has(name));
      if (missing !== undefined) report.note(`${missing} is not as it should be`);
      const { outcome, isBroken } = await playSteps(part.name, steps, report);
      if (isBroken) broken.add(part.name);
      done(outcome);
    }
    for (const { part, closing } of chosen) {
      if (closing === undefined) continue;
      report.heading(`${part.name}, at the end`);
      const ground = broken.has(part.name) ? part.name : undefined;
      done((await playSteps(`${part.name}, end`, closing, report, ground)).outcome);
    }
  };
  const acts = parts.map((part): Act => {
    const skipped = part.missing?.();
    return { part, ...(skipped === undefined ? part.begin(stage) : { skipped, steps: [] }) };
  });
  await playAll(acts.filter(({ part }) => part.isLast !== true));
  await playAll(acts.filter(({ part }) => part.isLast === true));
}

type Act = { readonly part: Part; readonly skipped?: string } & ReturnType<Part["begin"]>;

async function playSteps(
  name: string,
  steps: readonly Step[],
  report: Report,
  ground?: string,
): Promise<{ readonly outcome: PartOutcome; readonly isBroken: boolean }> {
  const began = performance.now();
  let passed = 0;
  let broken = ground;
  for (const step of steps) {
    const { title, essential = false } = step;
    const from = performance.now();
    const seconds = (): number => (performance.now() - from) / 1000;
    if (broken !== undefined) {
      report.failed(title, `not tried, since this failed: ${broken}`, 0);
      continue;
    }
    try {
      await step.play();
      passed += 1;
      report.passed(title, seconds());
    } catch (error) {
      report.failed(title, error instanceof Error ? error.message : String(error), seconds());
      if (essential) broken = title;
    }
  }
  const failed = steps.length - passed;
  const outcome = { name, passed, failed, seconds: (performance.now() - began) / 1000 };
  return { outcome, isBroken: broken !== undefined };
}
