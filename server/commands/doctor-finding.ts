import { formatCount } from "../config/count.ts";

/** What one look of `keyserver doctor` found; a problem or a warning says what to do. */
export type Finding = { readonly name: string } & (
  | { readonly state: "ok" | "skipped"; readonly text: string }
  | { readonly state: "problem" | "warning"; readonly text: string; readonly fix: string }
);

const MARKS = { ok: "✓", problem: "✗", warning: "!", skipped: "–" } as const;

/** The findings as lines, each with what to do below it, and how many need something done. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap((finding) => [
    ` ${MARKS[finding.state]} ${finding.name.padEnd(width)}  ${finding.text}`,
    ...("fix" in finding ? [`   ${"fix".padEnd(width)}  ${finding.fix}`] : []),
  ]);
  return [...lines, countFindings(findings)].join("\n");
}

function countFindings(findings: readonly Finding[]): string {
  const say = (state: Finding["state"]): string => {
    const { length } = findings.filter((finding) => finding.state === state);
    return formatCount(length, state);
  };
  return `${say("problem")}, ${say("warning")}`;
}
