/** A part of a JSON Schema. */
export type Schema = { readonly [keyword: string]: unknown };

/** Text, however the program goes on to read it. */
export const TEXT: Schema = { type: "string", minLength: 1 };
/** A whole number and a unit, as `policy/text/duration.ts` reads it. */
export const DURATION: Schema = { type: "string", pattern: "^[1-9][0-9]{0,8}[smhd]$" };
/** `true` or `false`. */
export const BOOLEAN: Schema = { type: "boolean" };

/** One of these words. */
export const word = (...words: readonly string[]): Schema => ({ enum: words });

/** One `item`, or a list of distinct ones with `least` entries or more. */
export const oneOrMore = (item: Schema, least = 1): Schema => ({
  anyOf: [item, { type: "array", items: item, minItems: least, maxItems: 32, uniqueItems: true }],
});

/** A mapping whose keys are names. */
export const byName = (values: Schema): Schema => ({
  type: "object",
  propertyNames: { pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" },
  additionalProperties: values,
});
