import { describe, expect, test } from "vitest";
import { formatListing } from "../../cluster/listing.ts";
import { PARTS } from "../../cluster/parts.ts";
import { createReport, formatTable, type PartOutcome } from "../../cluster/report.ts";
import type { Part, Stage, Step } from "../../cluster/stage.ts";
import { choose, playStory } from "../../cluster/story.ts";

const stage: Stage = {
  machine: () => {
    throw new Error("nobody plays on a machine here");
  },
  network: { cut: () => Promise.resolve(), join: () => Promise.resolve() },
  logs: "",
  note: () => undefined,
  figure: () => undefined,
  atEnd: () => undefined,
};

const good = (title: string): Step => ({ title, play: () => Promise.resolve() });
const bad = (title: string, essential = false): Step => ({
  title,
  essential,
  play: () => Promise.reject(new Error(`${title} went wrong`)),
});

const part = (name: string, steps: readonly Step[], more: Partial<Part> = {}): Part => ({
  name,
  about: "a part",
  needs: [],
  machines: [],
  begin: () => ({ steps }),
  ...more,
});

/** Plays, and gives what was written and what came of it. */
async function play(
  parts: readonly Part[],
): Promise<{ readonly text: string; readonly outcomes: readonly PartOutcome[] }> {
  const written: string[] = [];
  const outcomes: PartOutcome[] = [];
  const report = createReport((text) => written.push(text));
  await playStory(parts, stage, report, (outcome) => outcomes.push(outcome));
  return { text: written.join(""), outcomes };
}

describe("a story", () => {
  test("a step that fails is counted, shown with its reason, and the next is played", async () => {
    const { text, outcomes } = await play([part("one", [bad("first"), good("second")])]);
    expect(outcomes).toMatchObject([{ name: "one", passed: 1, failed: 1 }]);
    expect(text).toContain("  ✗ first\n      first went wrong\n  ✓ second\n");
  });
  test("what comes after an essential step that failed is not tried, and counts as failed", async () => {
    const never: Step = {
      title: "after",
      play: () => Promise.reject(new TypeError("it was tried")),
    };
    const { text, outcomes } = await play([part("one", [bad("ground", true), never])]);
    expect(outcomes).toMatchObject([{ passed: 0, failed: 2 }]);
    expect(text).toContain("not tried, since this failed: ground");
    expect(text).not.toContain("it was tried");
  });
  test("closing steps of a part that lost its ground fail too", async () => {
    const begin = () => ({ steps: [bad("ground", true)], closing: [good("end")] });
    const { outcomes } = await play([part("one", [], { begin })]);
    expect(outcomes).toMatchObject([
      { name: "one", failed: 1 },
      { name: "one, end", passed: 0, failed: 1 },
    ]);
  });
  test("closing steps come after all parts, and before those that are last", async () => {
    const begin = () => ({ steps: [good("begins")], closing: [good("ends")] });
    const last = part("last", [good("breaks")], { isLast: true });
    const { text } = await play([
      part("one", [], { begin }),
      last,
      part("two", [good("meanwhile")]),
    ]);
    const titles = [...text.matchAll(/✓ (\w+)/g)].map(([, title]) => title);
    expect(titles).toEqual(["begins", "meanwhile", "ends", "breaks"]);
  });
  test("a part that cannot be played is skipped with its reason, and counts as nothing", async () => {
    const never = bad("it was tried");
    const begin = () => ({ steps: [never], closing: [never] });
    const skipped = part("one", [], { begin, missing: () => "no kubelet here" });
    const { text, outcomes } = await play([skipped, part("two", [good("goes on")])]);
    expect(text).toContain("one: a part\n  – skipped: no kubelet here\n");
    expect(text).not.toContain("it was tried");
    expect(outcomes).toMatchObject([
      { name: "one", passed: 0, failed: 0, skipped: "no kubelet here" },
      { name: "two", passed: 1, failed: 0 },
    ]);
    expect(formatTable(outcomes, [])).toMatch(/^one +skipped: no kubelet here$/m);
    expect(formatTable(outcomes, [])).toMatch(/\n1 passed, 0 failed\n$/);
  });
  test("a part that is not missing is played", async () => {
    const there = part("one", [bad("step")], { missing: () => undefined });
    expect((await play([there])).outcomes).toMatchObject([{ passed: 0, failed: 1 }]);
  });
  test("a long reason is shown by its end", async () => {
    const lines = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n");
    const talks: Step = { title: "talks", play: () => Promise.reject(new Error(lines)) };
    const { text } = await play([part("one", [talks])]);
    expect(text).toContain("… 40 lines before");
    expect(text).toContain("line 99");
    expect(text).not.toContain("line 39\n");
  });
});

describe("--only", () => {
  const parts = [
    part("ground", []),
    part("house", [], { needs: ["ground"] }),
    part("roof", [], { needs: ["house"] }),
    part("garden", [], { needs: ["ground"] }),
  ];
  test.for([
    { only: [], want: ["ground", "house", "roof", "garden"] },
    { only: ["roof"], want: ["ground", "house", "roof"] },
    { only: ["garden", "ground"], want: ["ground", "garden"] },
  ])("$only", ({ only, want }) => {
    expect(choose(parts, only).map(({ name }) => name)).toEqual(want);
  });
  test("an unknown part is refused, and the known ones are named", () =>
    expect(() => choose(parts, ["cellar"])).toThrow(
      /cellar; there are ground, house, roof, garden/,
    ));
});

test("the table ends in the sum of all", () => {
  const outcomes = [
    { name: "one", passed: 3, failed: 1, seconds: 2 },
    { name: "two", passed: 4, failed: 0, seconds: 2 },
  ];
  expect(
    formatTable(outcomes, [["boot", "2 s"]])
      .trimEnd()
      .split("\n")
      .at(-1),
  ).toBe("7 passed, 1 failed");
});

test("the parts need what comes before them, and each can say its steps without a machine", () => {
  const before = new Set<string>();
  for (const { name, needs } of PARTS) {
    expect(
      needs.filter((need) => !before.has(need)),
      name,
    ).toEqual([]);
    before.add(name);
  }
  expect(formatListing(PARTS)).toContain("install:");
});
