import { decodeUtf8, foldAscii } from "./text.ts";

/** One attribute of a level. `type` is in lower case; `value` is hexadecimal when `encoded`. */
export type NamePart = {
  readonly type: string;
  readonly value: string;
  /** Written as `#` and the BER of the value (RFC 4514 §2.4). */
  readonly encoded: boolean;
};

/** The name of an entry, from the entry up to the root (RFC 4514); the parts of a level have no order. */
export type DistinguishedName = readonly (readonly NamePart[])[];

/** Characters of the longest name that is read. */
const LONGEST = 8192;

const TYPE = String.raw`(?<type>[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)`;
const CHARACTER = String.raw`(?:\\[ "#+,;<=>\\]|\\[0-9A-Fa-f]{2}|[^"+,;<>\\\0])`;
/** A space at either end, and a leading `#`, are escaped. */
const TEXT = `(?<text>(?:(?![ #])(?:${CHARACTER}*(?! )${CHARACTER}))?)`;

/** RFC 4514 §3, without the spaces and semicolons that RFC 2253 §4 still took. */
const PART = new RegExp(`${TYPE}=(?:#(?<hex>(?:[0-9A-Fa-f]{2})+)|${TEXT})(?<end>[,+]|$)`, "uy");

/** Reads a name strictly as RFC 4514 §3 has it; undefined when it is none. The empty name has no levels. */
export function parseDistinguishedName(text: string): DistinguishedName | undefined {
  if (text.length > LONGEST || !text.isWellFormed()) return undefined;
  const levels: NamePart[][] = [];
  let end = text === "" ? "" : ",";
  for (let at = 0; end !== ""; at = PART.lastIndex) {
    PART.lastIndex = at;
    const groups = PART.exec(text)?.groups;
    const part = groups === undefined ? undefined : readPart(groups);
    if (part === undefined) return undefined;
    if (end === ",") levels.push([part]);
    else levels.at(-1)?.push(part);
    end = groups?.["end"] ?? "";
  }
  return levels;
}

type Groups = Readonly<Record<string, string | undefined>>;

function readPart(groups: Groups): NamePart | undefined {
  const type = foldAscii(groups["type"] ?? "");
  const hex = groups["hex"];
  if (hex !== undefined) return { type, value: foldAscii(hex), encoded: true };
  const value = undoEscapes(groups["text"] ?? "");
  return value === undefined ? undefined : { type, value, encoded: false };
}

/** Undefined for bytes that are not UTF-8. */
function undoEscapes(text: string): string | undefined {
  const tokens = text.matchAll(/\\(?<hex>[0-9A-Fa-f]{2})|\\(?<special>.)|(?<plain>[^\\]+)/gsu);
  const bytes = [...tokens].map(({ groups = {} }) =>
    groups["hex"] === undefined
      ? Buffer.from(groups["special"] ?? groups["plain"] ?? "")
      : Buffer.from(groups["hex"], "hex"),
  );
  return decodeUtf8(Buffer.concat(bytes));
}

/** Writes a name so that {@link parseDistinguishedName} gives the same again; control characters in hexadecimal. */
export const formatDistinguishedName = (name: DistinguishedName): string =>
  name.map((level) => level.map(formatPart).join("+")).join(",");

const formatPart = ({ type, value, encoded }: NamePart): string =>
  `${type}=${encoded ? `#${value}` : escape(value)}`;

function escape(value: string): string {
  const end = value.length > 1 && value.endsWith(" ") ? 1 : 0;
  const inner = value
    .slice(0, value.length - end)
    .replaceAll(/["+,;<>\\]/g, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, (found) =>
      [...Buffer.from(found)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join(""),
    )
    .replace(/^[ #]/, String.raw`\$&`);
  return end === 1 ? `${inner}\\ ` : inner;
}

/**
 * How many levels `name` lies below `base`: 1 directly below, 0 when they are the same entry; undefined elsewhere.
 *
 * Values are compared as `caseIgnoreMatch` does for ASCII (RFC 4518 §2): other letters have to agree, so that a name
 * can be taken for another's only by those who could also make that one.
 */
export function levelsBelow(name: DistinguishedName, base: DistinguishedName): number | undefined {
  const levels = name.length - base.length;
  if (levels < 0) return undefined;
  const isBase = base.every((level, at) => fold(level) === fold(name[at + levels] ?? []));
  return isBase ? levels : undefined;
}

const fold = (level: readonly NamePart[]): string =>
  JSON.stringify(level.map((part) => foldAscii(formatPart(part))).sort());
