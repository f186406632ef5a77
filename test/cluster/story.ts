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

/** Plays parts one after the other, then what closes them. A step that fails ends nothing but, if essential, its part. */
export async function playStory(
  parts: readonly Part[],
  stage: Stage,
  report: Report,
  done: (outcome: PartOutcome) => void,
): Promise<void> {
  const acts = parts.map((part) => ({ part, ...part.begin(stage), failed: false }));
  for (const act of acts) {
    report.heading(`${act.part.name}: ${act.part.about}`);
    const missing = acts.find(({ part, failed }) => failed && act.part.needs.includes(part.name));
    if (missing !== undefined) report.note(`${missing.part.name} is not as it should be`);
    const { outcome, isBroken } = await playSteps(act.part.name, act.steps, report);
    act.failed = isBroken;
    done(outcome);
  }
  for (const { part, closing, failed } of acts) {
    if (closing === undefined || failed) continue;
    report.heading(`${part.name}, at the end`);
    done((await playSteps(`${part.name}, end`, closing, report)).outcome);
  }
}

async function playSteps(
  name: string,
  steps: readonly Step[],
  report: Report,
): Promise<{ readonly outcome: PartOutcome; readonly isBroken: boolean }> {
  const began = performance.now();
  let passed = 0;
  let broken: string | undefined;
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
