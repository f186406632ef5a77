import type { Diagnostic, Place } from "./diagnostic.ts";

/** Characters of a source line that are shown. */
const WIDTH = 97;
/** Where the caret begins in a line that is clipped before it. */
const LEAD = 40;

/**
 * Formats a diagnostic for people: first line `file:line:column`, then the source with a caret.
 *
 * `text` gives a file's text; a file that it does not know is shown without source.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  text: (file: string) => string | undefined,
): string {
  const { place, notes, help } = diagnostic;
  const indent = " ".repeat(String(place.line).length + 2);
  return [
    formatShort(diagnostic),
    ...formatSource(diagnostic, text(place.file), indent),
    ...notes.map((note) => `${indent}= note: ${formatPlace(note.place)}: ${note.message}`),
    ...(help === undefined ? [] : [`${indent}= help: ${help}`]),
  ].join("\n");
}

/** A diagnostic in one line: `file:line:column: severity[code]: message`. */
export const formatShort = ({ code, severity, place, message }: Diagnostic): string =>
  `${formatPlace(place)}: ${severity}[${code}]: ${message}`;

const formatPlace = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

function formatSource(
  { place, label }: Diagnostic,
  text: string | undefined,
  indent: string,
): readonly string[] {
  const line = text?.split("\n")[place.line - 1]?.replace(/\r$/, "");
  if (line === undefined) return label === undefined ? [] : [`${indent}= ${label}`];
  const { shown, column } = clip(line, place.column - 1);
  const length = Math.max(1, Math.min(place.length, shown.length - column));
  const caret = `${" ".repeat(column)}${"^".repeat(length)}${label === undefined ? "" : ` ${label}`}`;
  return [`${indent}|`, ` ${place.line} | ${shown}`, `${indent}| ${caret}`];
}

/** The part of a long line around `offset`, and where that is in it. Control characters are made harmless. */
function clip(line: string, offset: number): { readonly shown: string; readonly column: number } {
  const safe = line.replaceAll(/\p{Cc}/gu, " ");
  if (safe.length <= WIDTH) return { shown: safe, column: offset };
  const start = Math.max(0, Math.min(offset - LEAD + 1, safe.length - WIDTH + 1));
  if (start === 0) return { shown: `${safe.slice(0, WIDTH)}…`, column: offset };
  return { shown: `…${safe.slice(start, start + WIDTH - 1)}`, column: offset - start + 1 };
}
