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
  /** Notes that a name is declared in a part of the file that makes no sense where it is. */
  readonly misplace: (name: string) => void;
  readonly isMisplaced: (name: string) => boolean;
  /** In the order of the file. */
  readonly diagnostics: () => readonly Diagnostic[];
};

/** Places that one message names. */
const MOST_PLACES = 8;
/** More messages than this help nobody, and a hostile file could cause a million. */
const LIMIT = 100;

/** Of these, the same words in several places are one slip: a name was changed, or never declared. */
const NAMING: ReadonlySet<Code> = new Set(["E201", "E202"]);

/** Letters of a quotation, and of a sentence with what it quotes. */
const [QUOTED, SENTENCE] = [80, 1000];

/** A sentence in which nothing that the file's author wrote takes the reader's screen. */
const clip = (sentence: string): string =>
  cut(
    sentence.replaceAll(/"([^"]*)"/g, (_, quoted: string) => `"${cut(quoted, QUOTED)}"`),
    SENTENCE,
  );

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;

/** Starts an empty report. The same code at the same place is said once. */
export function createReport(): Report {
  const found = new Map<string, Diagnostic>();
  const misplaced = new Set<string>();
  let errors = false;
  const add = (diagnostic: Diagnostic): void => {
    const { file, line, column } = diagnostic.place;
    const place = `${diagnostic.code} ${file}:${line}:${column}`;
    const name = NAMING.has(diagnostic.code) ? /"[^"]*"$/.exec(diagnostic.message) : null;
    const key = name === null ? place : `${diagnostic.code} ${name[0]}`;
    const first = found.get(key);
    if (first === undefined && found.size < LIMIT) found.set(key, clipAll(diagnostic));
    else if (first !== undefined && isElsewhere(first, diagnostic.place))
      found.set(key, {
        ...first,
        notes: [...first.notes, { place: diagnostic.place, message: "and here" }],
      });
  };
  return {
    error: (code, place, message, remarks) => {
      errors = true;
      add({ code, severity: "error", place, message, notes: [], ...remarks });
    },
    warn: (code, place, message, remarks) =>
      add({ code, severity: "warning", place, message, notes: [], ...remarks }),
    hasErrors: () => errors,
    misplace: (name) => void misplaced.add(name),
    isMisplaced: (name) => misplaced.has(name),
    diagnostics: () => [...found.values()].sort((a, b) => comparePlaces(a.place, b.place)),
  };
}

const clipAll = ({ message, label, help, notes, ...rest }: Diagnostic): Diagnostic => ({
  ...rest,
  message: clip(message),
  ...(label !== undefined && { label: clip(label) }),
  notes: notes.map((note) => ({ ...note, message: clip(note.message) })),
  ...(help !== undefined && { help: clip(help) }),
});

const isElsewhere = (first: Diagnostic, { file, line, column }: Place): boolean =>
  [first, ...first.notes].length < MOST_PLACES &&
  ![first, ...first.notes].some(
    ({ place }) => place.file === file && place.line === line && place.column === column,
  );

/** Orders places as they stand in the file; an included file comes apart from the file itself. */
const comparePlaces = (a: Place, b: Place): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
