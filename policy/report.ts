import type { Code } from "./codes/codes.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";

/** What a message may say beyond its first line. */
export type Remarks = {
  readonly label?: string;
  readonly notes?: Diagnostic["notes"];
  readonly help?: string;
};

/** Collects the messages about one reading of a policy. */
export type Report = {
  readonly error: (code: Code, place: Place, message: string, remarks?: Remarks) => void;
  readonly warn: (code: Code, place: Place, message: string, remarks?: Remarks) => void;
  readonly hasErrors: () => boolean;
  /** In the order of the file. */
  readonly diagnostics: () => readonly Diagnostic[];
};

/** More messages than this help nobody, and a hostile file could cause a million. */
const LIMIT = 100;

/** Starts an empty report. The same code at the same place is said once. */
export function createReport(): Report {
  const found = new Map<string, Diagnostic>();
  let errors = false;
  const add = (diagnostic: Diagnostic): void => {
    const { file, line, column } = diagnostic.place;
    const key = `${diagnostic.code} ${file}:${line}:${column}`;
    if (found.size < LIMIT && !found.has(key)) found.set(key, diagnostic);
  };
  return {
    error: (code, place, message, remarks) => {
      errors = true;
      add({ code, severity: "error", place, message, notes: [], ...remarks });
    },
    warn: (code, place, message, remarks) =>
      add({ code, severity: "warning", place, message, notes: [], ...remarks }),
    hasErrors: () => errors,
    diagnostics: () => [...found.values()].sort((a, b) => comparePlaces(a.place, b.place)),
  };
}

/** Orders places as they stand in the file; an included file comes apart from the file itself. */
const comparePlaces = (a: Place, b: Place): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
