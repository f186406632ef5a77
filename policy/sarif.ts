import { CODES, listCodes } from "./codes/codes.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";

/** Where the schema of the format is. */
const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/**
 * Diagnostics as a log of SARIF 2.1.0 (OASIS), for merge requests that show them at their lines.
 *
 * Columns are counted in UTF-16 code units (§3.14.17), as places are; lines and columns begin at 1.
 */
export const formatSarif = (diagnostics: readonly Diagnostic[]): object => ({
  $schema: SCHEMA,
  version: "2.1.0",
  runs: [
    {
      tool: { driver: { name: "keyserver policy check", rules: listCodes().map(ruleOf) } },
      columnKind: "utf16CodeUnits",
      results: diagnostics.map(resultOf),
    },
  ],
});

const ruleOf = (code: ReturnType<typeof listCodes>[number]): object => ({
  id: code,
  shortDescription: { text: CODES[code].title },
  fullDescription: { text: CODES[code].meaning },
});

const resultOf = ({ code, severity, place, message, label, notes, help }: Diagnostic): object => ({
  ruleId: code,
  ruleIndex: listCodes().indexOf(code),
  level: severity,
  message: { text: [message, label, help].filter((text) => text !== undefined).join("; ") },
  locations: [{ physicalLocation: locate(place) }],
  ...(notes.length === 0
    ? {}
    : {
        relatedLocations: notes.map((note, id) => ({
          id,
          message: { text: note.message },
          physicalLocation: locate(note.place),
        })),
      }),
});

/** A file's name as a URI reference (RFC 3986 §4.1), relative ones to where the command is run. */
const locate = ({ file, line, column, length }: Place): object => ({
  artifactLocation: { uri: encodeURI(file).replaceAll("#", "%23").replaceAll("?", "%3F") },
  region: { startLine: line, startColumn: column, endColumn: column + length },
});
