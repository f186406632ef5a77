import type { Field, FieldName } from "./fields.ts";
import { FIELD_NAMES } from "./fields.ts";

/** Fields as one text without line breaks: `CN=w4 client 40d`. `except` names those that are left out. */
export const wordFields = (
  fields: readonly Field[],
  between: string,
  except: readonly FieldName[] = [],
): string =>
  fields
    .filter(({ name }) => !except.includes(name))
    .toSorted((a, b) => FIELD_NAMES.indexOf(a.name) - FIELD_NAMES.indexOf(b.name))
    .map(wordField)
    .join(between);

/** One field with what it is called where its values do not say so. */
export function wordField({ name, values }: Field): string {
  const text = wordValues(values);
  switch (name) {
    case "cn":
      return `CN=${text}`;
    case "o":
      return `O=${text}`;
    case "usage":
    case "lifetime":
      return text;
    case "issue":
    case "fetch":
    case "admit":
    case "operate":
    case "names":
    case "login":
    case "may-choose":
    case "choose-at-most":
    case "extensions":
    case "force-command":
    case "source-address":
    case "reason":
    case "backdate":
    case "keys":
    case "recover-within":
    case "recover-times":
      return `${name} ${text}`;
  }
}

/** Values with commas between them; one that could be taken for something else is quoted. */
export const wordValues = (values: readonly string[]): string => values.map(quote).join(",");

const quote = (text: string): string => (/[\s,"]/.test(text) ? JSON.stringify(text) : text);
