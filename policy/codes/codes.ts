import { EFFECT_CODES } from "./effects.ts";
import type { CodePage } from "./page.ts";
import { REFERENCE_CODES } from "./references.ts";
import { SHAPE_CODES } from "./shape.ts";
import { VALUE_CODES } from "./values.ts";
import { WARNING_CODES } from "./warnings.ts";

/** Every code of a diagnostic, in order. A code is API: never renamed and never reused. */
export const CODES = {
  ...SHAPE_CODES,
  ...REFERENCE_CODES,
  ...VALUE_CODES,
  ...EFFECT_CODES,
  ...WARNING_CODES,
} as const satisfies Record<string, CodePage>;

/** One of {@link CODES}. */
export type Code = keyof typeof CODES;

/** Whether `text` is a code, in capitals as they are printed. */
export const isCode = (text: string): text is Code => Object.hasOwn(CODES, text);

/** Every code, in order. */
export const listCodes = (): readonly Code[] => Object.keys(CODES).filter(isCode);

/** The page of a code for a terminal: title, meaning, a wrong example and the right one. */
export function formatCodePage(code: Code): string {
  const { title, meaning, wrong, right } = CODES[code];
  const indent = (text: string): string => text.trimEnd().replaceAll(/^/gm, "    ");
  return [
    `${code}: ${title}`,
    wrap(meaning),
    "wrong:",
    indent(wrong),
    "right:",
    indent(right),
  ].join("\n\n");
}

/** Columns of a page's prose. */
const WIDTH = 90;

function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= WIDTH)
      lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines.join("\n");
}
