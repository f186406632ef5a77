import type { YAMLParseError, YAMLWarning } from "yaml";
import type { Report } from "../report.ts";
import type { Locator } from "./locator.ts";

/** Says what the YAML parser objects to. */
export function reportProblem(
  { code, message, pos: [start, end] }: YAMLParseError | YAMLWarning,
  text: string,
  locate: Locator,
  report: Report,
): void {
  const value = UNQUOTED.has(code) ? unquotedText(text, start) : undefined;
  if (value === undefined) report.error("E101", locate(start, end), plainMessage(message));
  else
    report.error("E111", locate(start, start + value.length), `${value} reads as a mapping`, {
      label: "one value is expected here",
      help: `quote it: "${value}"`,
    });
}

/** What the parser says of a mapping inside a line: `address: 2001:db8::` is one. */
const UNQUOTED: ReadonlySet<string> = new Set(["BLOCK_IN_FLOW", "BLOCK_AS_IMPLICIT_KEY"]);

/** A value that is longer is no name and no address. */
const LONGEST = 300;

/** The text from `start` up to what ends it in a flow or a line, when that may be one value with colons in it. */
function unquotedText(text: string, start: number): string | undefined {
  const [line = ""] = text.slice(start, start + LONGEST).split("\n", 1);
  return /^[^\s"'[\]{},#&*!|>%@`?-][^"'[\]{},]*?(?=\s*(?:[,\]}]|$)|\s+#)/.exec(line)?.[0];
}

/** The parser's message as one line in our style. */
const plainMessage = (message: string): string =>
  (message.split("\n", 1)[0] ?? "")
    .replace(/[.:]$/, "")
    .replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase());
