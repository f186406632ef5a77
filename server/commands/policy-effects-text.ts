import type { Answer } from "../../policy/effects/answers.ts";
import { SECTIONS, type Change } from "../../policy/effects/diff/change.ts";
import type { Counts } from "../../policy/effects/diff/count.ts";
import type { Matrix } from "../../policy/effects/matrix.ts";
import { formatCount } from "../config/count.ts";
import { formatTable } from "./terminal.ts";

/** A diff with its totals. */
export type DiffText = {
  /** The new file: lines in others are named with their file. */
  readonly file: string;
  readonly changes: readonly Change[];
  readonly counts: Counts;
  readonly tests: { readonly passed: number; readonly failed: number };
};

/** A text longer than this does not push the lines behind it to the right. */
const WIDEST = 72;

/** A diff as people read it: a part for each section that has changes, and the totals. */
export function formatDiff({ file, changes, counts, tests }: DiffText): string {
  const { passed, failed } = tests;
  const sections = SECTIONS.flatMap((section) => {
    const own = changes.filter((change) => change.section === section);
    return own.length === 0 ? [] : [section, ...formatChanges(own, file)];
  });
  const total = changes.length === 0 ? "nothing changes" : formatCounts(counts);
  return [...sections, `${total}; tests ${passed}/${passed + failed} pass`].join("\n");
}

function formatChanges(changes: readonly Change[], file: string): readonly string[] {
  const widest = (texts: readonly string[]): number =>
    Math.max(0, ...texts.map(({ length }) => length));
  const what = widest(changes.map((change) => change.what));
  const grant = widest(changes.map((change) => change.grant ?? ""));
  const text = Math.min(WIDEST, widest(changes.map((change) => change.text)));
  return changes.map((change) =>
    [
      `  ${change.sign}`,
      change.what.padEnd(what),
      ...(grant === 0 ? [] : [(change.grant ?? "").padEnd(grant)]),
      change.text.padEnd(text),
      lineOf(change, file),
    ].join("  "),
  );
}

function lineOf({ place, isGone = false }: Change, file: string): string {
  if (isGone) return `was line ${place.line}`;
  return place.file === file ? `line ${place.line}` : `${place.file} line ${place.line}`;
}

/** How much changes, on one line: `1 gained, 0 lost, 0 changed; 1 limit loosened`. */
export function formatCounts({ gained, lost, changed, loosened, tightened }: Counts): string {
  const limits = (count: number, word: string): readonly string[] =>
    count === 0 ? [] : [`${formatCount(count, "limit")} ${word}`];
  const rights = `${gained} gained, ${lost} lost, ${changed} changed`;
  return [rights, ...limits(loosened, "loosened"), ...limits(tightened, "tightened")].join("; ");
}

/** The table of `who-can`; `root`: root on the master can do it too. */
export function formatAnswers(file: string, answers: readonly Answer[], root: boolean): string {
  const header = ["WHO", "THROUGH", "GRANT", "GETS", "FOR", "FROM"];
  const rows = answers.map(({ who, through, grant, place, gets, lifetime = "-", from }) => [
    who,
    through,
    `${grant} (line ${place.line})`,
    gets,
    lifetime,
    from,
  ]);
  const count = `${formatCount(answers.length, "answer")} from ${file}`;
  const total = root ? `${count}, and root on the master` : count;
  return answers.length === 0 ? total : `${formatTable(header, rows)}\n${total}`;
}

/** A line for each grant, which are many, and a column for each subject. */
export const formatMatrix = ({ grants, rows }: Matrix): string =>
  formatTable(
    ["", ...rows.map(({ who }) => who)],
    grants.map((grant, index) => [grant, ...rows.map(({ cells }) => cells[index] ?? "")]),
  );

/** A line for each subject and a column for each grant (RFC 4180). */
export const formatCsv = ({ grants, rows }: Matrix): string =>
  [["", ...grants], ...rows.map(({ who, cells }) => [who, ...cells])]
    .map((line) => line.map(quote).join(","))
    .join("\n");

const quote = (cell: string): string =>
  /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
