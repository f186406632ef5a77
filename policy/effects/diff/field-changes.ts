import { FIELD_NAMES, type Field, type FieldName } from "../fields.ts";
import { wordField, wordValues } from "../wording.ts";

/** What becomes of one field. */
export type FieldChange = {
  readonly name: FieldName;
  readonly text: string;
  /** Whether a request can now get more by it, and less. */
  readonly gains: boolean;
  readonly loses: boolean;
};

/** The fields in which two effects differ. */
export function compareFields(
  before: readonly Field[],
  after: readonly Field[],
): readonly FieldChange[] {
  // Nearly all fields are where they were, and the same.
  const [was, is] = [differing(before, after), differing(after, before)];
  const names = new Set([...was, ...is].map(({ name }) => name));
  if (names.size === 0) return [];
  return FIELD_NAMES.filter((name) => names.has(name)).flatMap((name) => {
    const [old, now] = [fieldOf(was, name), fieldOf(is, name)];
    if (isSame(old.values, now.values)) return [];
    return [{ name, text: wordChange(old, now), ...directionOf(old, now) }];
  });
}

/** Fields of `a` that `b` has not at the same place. */
const differing = (a: readonly Field[], b: readonly Field[]): readonly Field[] =>
  a.filter((field, index) => {
    const other = b[index];
    return other?.name !== field.name || !isSame(other.values, field.values);
  });

const fieldOf = (fields: readonly Field[], wanted: FieldName): Field =>
  fields.find(({ name }) => name === wanted) ?? { name: wanted, values: [] };

/** Whether two lists hold the same texts in the same order. */
export const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);

/** Texts of `a` that are not in `b`. */
export const without = (a: readonly string[], b: readonly string[]): readonly string[] =>
  a.filter((text) => !b.includes(text));

type Direction = Pick<FieldChange, "gains" | "loses">;

/** A reason and a command bind a request, so more of them is less for it. */
function directionOf(before: Field, after: Field): Direction {
  const [more, less] = [
    without(after.values, before.values).length > 0,
    without(before.values, after.values).length > 0,
  ];
  if (COUNTED.has(after.name)) return direction(countOf(after) - countOf(before));
  if (BINDING.has(after.name)) return { gains: less, loses: more };
  if (after.name !== "source-address") return { gains: more, loses: less };
  // Without any network a request may come from anywhere.
  if (before.values.length === 0 || after.values.length === 0)
    return direction(before.values.length - after.values.length);
  return { gains: more, loses: less };
}

const COUNTED: ReadonlySet<FieldName> = new Set([
  "lifetime",
  "backdate",
  "choose-at-most",
  "recover-within",
  "recover-times",
]);
const BINDING: ReadonlySet<FieldName> = new Set(["reason", "force-command"]);

const direction = (difference: number): Direction => ({
  gains: difference > 0,
  loses: difference < 0,
});

const countOf = ({ seconds, values }: Field): number => seconds ?? Number(values[0] ?? 0);

/** `lifetime 12h -> 16h`, `names +a -b`; what is only in another order is shown whole. */
function wordChange(before: Field, after: Field): string {
  const { name } = after;
  const [added, gone] = [
    without(after.values, before.values),
    without(before.values, after.values),
  ];
  const isShort = before.values.length <= 1 && after.values.length <= 1;
  if (isShort || (added.length === 0 && gone.length === 0))
    return `${labelOf(name)} ${wordSide(before)} -> ${wordSide(after)}`;
  return [
    labelOf(name),
    ...added.map((text) => `+${wordValues([text])}`),
    ...gone.map((text) => `-${wordValues([text])}`),
  ].join(" ");
}

const wordSide = ({ values }: Field): string => (values.length === 0 ? "none" : wordValues(values));

const labelOf = (name: FieldName): string => {
  const spoken = wordField({ name, values: ["x"] });
  return spoken.endsWith("=x") ? spoken.slice(0, -2) : name;
};
