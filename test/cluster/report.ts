/** What came of one part: steps that passed and failed (those not tried among them), and seconds. */
export type PartOutcome = {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Why it was not played at all. */
  readonly skipped?: string;
};

export type Report = {
  heading(text: string): void;
  passed(title: string, seconds: number): void;
  failed(title: string, reason: string, seconds: number): void;
  skipped(reason: string): void;
  note(text: string): void;
};

/** Lines of a reason that are shown; the end is where programs say what was wrong. */
const LONGEST_REASON = 60;

/** Writes steps as they are played. */
export function createReport(write: (text: string) => void): Report {
  const line = (mark: string, title: string, seconds: number): void =>
    write(`  ${mark} ${title}${seconds < 0.95 ? "" : `   ${seconds.toFixed(1)} s`}\n`);
  return {
    heading: (text) => write(`\n${text}\n`),
    passed: (title, seconds) => line("✓", title, seconds),
    failed(title, reason, seconds) {
      line("✗", title, seconds);
      const lines = reason.trimEnd().split("\n");
      const shown = lines.slice(-LONGEST_REASON);
      if (shown.length < lines.length)
        write(`      … ${lines.length - shown.length} lines before\n`);
      for (const each of shown) write(`      ${each}\n`);
    },
    skipped: (reason) => write(`  – skipped: ${reason}\n`),
    note: (text) => write(`      ${text.trimEnd().replaceAll("\n", "\n      ")}\n`),
  };
}

/** The table at the end; its last line is `N passed, N failed`. */
export function formatTable(
  parts: readonly PartOutcome[],
  figures: readonly (readonly [string, string])[],
): string {
  const width = Math.max(...parts.map(({ name }) => name.length), 4);
  const rows = parts.map(
    ({ name, passed, failed, seconds, skipped }) =>
      `${name.padEnd(width)}  ${
        skipped === undefined
          ? `${`${passed}`.padStart(6)}  ${`${failed}`.padStart(6)}  ${seconds.toFixed(0).padStart(7)}`
          : `skipped: ${skipped}`
      }`,
  );
  const wide = Math.max(0, ...figures.map(([name]) => name.length));
  const measured = figures.map(([name, value]) => `${name.padEnd(wide)}  ${value}`);
  const sum = (key: "passed" | "failed"): number =>
    parts.reduce((total, part) => total + part[key], 0);
  return [
    "",
    `${"part".padEnd(width)}  passed  failed  seconds`,
    ...rows,
    ...(measured.length === 0 ? [] : ["", ...measured]),
    "",
    `${sum("passed")} passed, ${sum("failed")} failed`,
    "",
  ].join("\n");
}
