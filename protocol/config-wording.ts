import { nearestSpelling } from "./spelling.ts";

/** The keywords of a schema that are read. */
export type Shape = {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string | RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
};

/** The values of a literal, an enumeration, or a union of literals. */
export function choicesOf(shape: Shape): readonly unknown[] | undefined {
  if (shape.const !== undefined) return [shape.const];
  if (shape.enum !== undefined) return shape.enum;
  const { anyOf } = shape;
  return anyOf?.every((one) => one.const !== undefined) === true
    ? anyOf.map((one) => one.const)
    : undefined;
}

/** Whether a value is a mapping of keys, and neither a list nor null. */
export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Says which key was probably meant, or which there are. */
export function unknownKey({ properties = {}, patternProperties }: Shape, key: string): string {
  if (patternProperties !== undefined) {
    const patterns = Object.keys(patternProperties).join(" or ");
    return `key ${show(key)} must match ${patterns}`;
  }
  const known = Object.keys(properties);
  const near = nearestSpelling(key, known);
  const help = near === undefined ? `; the keys here are ${known.join(", ")}` : suggest(near);
  return `unknown key ${show(key)}${help}`;
}

/** Says what to add. */
export const missingKey = ({ properties = {} }: Shape, key: string): string =>
  `key ${show(key)} is missing; add "${key}:" with ${kindOf(properties[key] ?? {})}`;

/** `; did you mean NAME?`, or nothing. */
export const suggest = (near: string | undefined): string =>
  near === undefined ? "" : `; did you mean ${show(near)}?`;

/** Says what should be there in place of a value of another kind. */
export function wanted(shape: Shape, value: unknown): string {
  const kind = kindOf(shape);
  if (value === null) return `has no value; write ${kind}`;
  const quotes = shape.type === "string" && typeof value !== "object" ? "; put it in quotes" : "";
  return `${show(value)} must be ${kind}${quotes}`;
}

const KINDS: Readonly<Record<string, string>> = {
  object: "a mapping of keys",
  array: 'a list, as in "- one"',
  integer: "a whole number",
  number: "a number",
  null: "nothing",
  string: "text",
  boolean: "true or false",
};

/** What a schema asks for, in words. */
export function kindOf(shape: Shape): string {
  const choices = choicesOf(shape);
  if (choices !== undefined) return choices.map((choice) => show(choice)).join(" or ");
  if (shape.anyOf !== undefined) return [...new Set(shape.anyOf.map(kindOf))].join(" or ");
  if (shape.description !== undefined) return shape.description;
  return shape.type === undefined ? "a value" : (KINDS[shape.type] ?? shape.type);
}

/** What was written, short enough for a message. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isMapping(value)) return "a mapping";
  if (value === null) return "nothing";
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return JSON.stringify(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
}

/** A range in words. */
export function between(low: number, high: number, unit = ""): string {
  const tail = unit === "" ? "" : ` ${unit}`;
  if (high === Infinity) return `at least ${low}${tail}`;
  return low === -Infinity ? `at most ${high}${tail}` : `${low} to ${high}${tail}`;
}
