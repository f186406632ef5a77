/**
 * Text for groff and mandoc in man(7): backslashes and hyphens as such, and nothing at the begin of
 * a line that would be a request.
 */
export const escapeRoff = (text: string): string =>
  text
    .replaceAll("\\", String.raw`\e`)
    .replaceAll("-", String.raw`\-`)
    .replaceAll(/^([.'])/gm, String.raw`\&$1`);

/** Bold. */
export const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;

/** `--option <value>` or `<argument>`: bold, what stands for something in italics. */
export const usage = (text: string): string =>
  text
    .split(/(<[^>]*>|\[[^\]]*\])/)
    .map((part) => {
      if (part.startsWith("<")) return `\\fI${escapeRoff(part.slice(1, -1))}\\fR`;
      if (part.startsWith("[")) return `[\\fI${escapeRoff(part.slice(1, -1))}\\fR]`;
      return part.trim() === "" ? part : bold(part);
    })
    .join("");

/** `.SH NAME` and the like. */
export const heading = (title: string): string => `.SH ${title.toUpperCase()}`;

/** A term with its explanation below, indented. */
export const entry = (term: string, text: string): string => `.TP\n${term}\n${escapeRoff(text)}`;
