import { cpus, release, totalmem } from "node:os";
import { formatMark, MARKS, reaches } from "./marks.ts";
import { round, type Figures } from "./measure.ts";

/** The machine, as far as it matters for comparing two reports. */
export const describeMachine = (): Readonly<Record<string, string | number>> => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryMB: Math.round(totalmem() / 1e6),
  node: process.version,
  openssl: process.versions["openssl"] ?? "unknown",
  kernel: release(),
});

/** The whole report as one JSON document. */
export function formatDocument(figures: Figures): string {
  const measures = Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => {
      const { value, ratio } = figure;
      const met = reaches(MARKS[name], figure);
      const rounded = ratio === undefined ? {} : { ratio: round(ratio) };
      const mark = met === undefined ? {} : { mark: formatMark(MARKS[name]), met };
      return [name, { ...figure, value: round(value), ...rounded, ...mark }];
    }),
  );
  return `${JSON.stringify({ schema: 1, machine: describeMachine(), measures }, undefined, 2)}\n`;
}

/** One figure as a line of the table. */
export function formatRow(name: string, figure: Figures[string]): string {
  const mark = MARKS[name];
  const met = reaches(mark, figure);
  const verdict = met === undefined ? " " : met ? "✓" : "✗";
  const ratio = figure.ratio === undefined ? "" : round(figure.ratio, 3).toString();
  const cells = [
    name.padEnd(20),
    round(figure.value).toString().padStart(9),
    figure.unit.padEnd(18),
    ratio.padStart(6),
    verdict,
    formatMark(mark).padEnd(7),
    [figure.of, figure.detail].filter((text) => text !== undefined).join("; "),
  ];
  return `${cells.join(" ").trimEnd()}\n`;
}

export const TABLE_HEAD = `${"measure".padEnd(20)} ${"value".padStart(9)} ${"unit".padEnd(18)} ${"ratio".padStart(6)}   mark    of what; notes\n`;
