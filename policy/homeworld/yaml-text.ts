/** What YAML 1.2's core schema takes for text wherever it stands, without quotes. */
const PLAIN = /^[A-Za-z][A-Za-z0-9._@/-]*(?::[A-Za-z0-9._@/-]+)*$/;
const ADDRESS = /^[0-9]+(?:\.[0-9]+){3}(?:\/[0-9]+)?$/;
const WORD = /^(?:null|true|false)$/i;

/** A name as YAML, in quotes where it would be taken for something else. */
export const quoted = (text: string): string =>
  (PLAIN.test(text) && !WORD.test(text)) || ADDRESS.test(text) ? text : JSON.stringify(text);

/** The entries of a list. */
export const list = (texts: readonly string[]): string => texts.map(quoted).join(", ");

/** Columns of a line without its remark, as `policy fmt` has it. */
export const WIDTH = 120;

/** A line that is too long, broken after commas; what follows is indented by `indent` blanks. */
export function wrap(line: string, indent: number): string {
  const lines: string[] = [];
  for (const piece of line.split(/(?<=,) /)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= WIDTH)
      lines.splice(-1, 1, `${last} ${piece}`);
    else lines.push(last === undefined ? piece : " ".repeat(indent) + piece);
  }
  return lines.join("\n");
}
