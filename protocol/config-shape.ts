import type { Static, TSchema } from "typebox";
import {
  between,
  choicesOf,
  isMapping,
  kindOf,
  missingKey,
  type Shape,
  show,
  suggest,
  unknownKey,
  wanted,
} from "./config-wording.ts";
import { nearestSpelling } from "./spelling.ts";

/**
 * What is wrong with a value, and where: keys and indexes from the root. `isKey` when the name of the
 * last key is wrong and not its value.
 */
export type Fault = {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly isKey?: boolean;
};

/**
 * The first fault of a value against a TypeBox schema; undefined when there is none.
 *
 * Reads the schema as it is, without compiling it or loading TypeBox, and says what should be there
 * instead of which keyword failed. Objects are closed, whether their schema says so or not.
 *
 * @throws TypeError for a schema with keywords that are not read here.
 */
export const findFault = (schema: TSchema, value: unknown): Fault | undefined =>
  faultIn(schema, value, []);

/** Whether a value is what the schema says; a type predicate around {@link findFault}. */
export const fits = <T extends TSchema>(schema: T, value: unknown): value is Static<T> =>
  findFault(schema, value) === undefined;

const KEYWORDS = new Set([
  ..."type const enum anyOf properties required additionalProperties patternProperties".split(" "),
  ..."items minItems maxItems minLength maxLength pattern minimum maximum".split(" "),
  ..."description title default examples $id".split(" "),
]);

type Path = Fault["path"];

function faultIn(shape: Shape, value: unknown, path: Path): Fault | undefined {
  const foreign = Object.keys(shape).find((keyword) => !KEYWORDS.has(keyword));
  if (foreign !== undefined) throw new TypeError(`schema keyword ${foreign} is not read here`);
  const choices = choicesOf(shape);
  if (choices !== undefined) return choiceFault(choices, value, path);
  if (shape.anyOf !== undefined) return unionFault(shape, value, path);
  if (shape.type === undefined) return undefined;
  if (!isOfType(shape.type, value)) return { path, message: wanted(shape, value) };
  if (typeof value === "string") return textFault(shape, value, path);
  if (typeof value === "number") return numberFault(shape, value, path);
  if (Array.isArray(value)) return listFault(shape, value, path);
  return isMapping(value) ? mappingFault(shape, value, path) : undefined;
}

function choiceFault(choices: readonly unknown[], value: unknown, path: Path): Fault | undefined {
  if (choices.includes(value)) return undefined;
  const near = typeof value === "string" ? nearestSpelling(value, choices.map(String)) : undefined;
  const list = choices.map((choice) => show(choice)).join(", ");
  const wish = choices.length === 1 ? `must be ${list}` : `must be one of ${list}`;
  return { path, message: `${show(value)} ${wish}${suggest(near)}` };
}

/** The fault of the alternative that was probably meant: of the same kind, with the most of its keys. */
function unionFault(union: Shape, value: unknown, path: Path): Fault | undefined {
  const shapes = union.anyOf ?? [];
  if (shapes.some((shape) => faultIn(shape, value, path) === undefined)) return undefined;
  const alike = shapes
    .filter(
      ({ type, const: only }) => only === undefined && type !== undefined && isOfType(type, value),
    )
    .sort((a, b) => likeness(b, value) - likeness(a, value));
  const meant = alike[0];
  if (meant === undefined) return { path, message: `${show(value)} must be ${kindOf(union)}` };
  return discriminatorFault(alike, value, path) ?? faultIn(meant, value, path);
}

/** The fault of a key that tells mappings apart and whose value is that of none of them. */
function discriminatorFault(
  alike: readonly Shape[],
  value: unknown,
  path: Path,
): Fault | undefined {
  if (!isMapping(value)) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const choices = alike.map(({ properties }) => choicesOf(properties?.[key] ?? {}));
    if (choices.includes(undefined)) continue;
    const fault = choiceFault(
      choices.flatMap((some) => some ?? []),
      item,
      [...path, key],
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Keys that are known count one, those whose literal agrees count much. */
function likeness({ properties = {} }: Shape, value: unknown): number {
  if (!isMapping(value)) return 0;
  return Object.entries(value).reduce((sum, [key, item]) => {
    const property = properties[key];
    if (property === undefined) return sum;
    return sum + (choicesOf(property)?.includes(item) === true ? 100 : 1);
  }, 0);
}

function textFault(shape: Shape, value: string, path: Path): Fault | undefined {
  const { minLength = 0, maxLength = Infinity, pattern } = shape;
  if (value === "" && minLength > 0) return { path, message: `must not be empty` };
  if (value.length < minLength || value.length > maxLength) {
    const limits = between(minLength, maxLength, "characters");
    return { path, message: `${show(value)} has ${value.length} characters; write ${limits}` };
  }
  if (pattern === undefined || new RegExp(pattern, "u").test(value)) return undefined;
  const rule = shape.description ?? `text that matches ${String(pattern)}`;
  return { path, message: `${show(value)} must be ${rule}` };
}

function numberFault(shape: Shape, value: number, path: Path): Fault | undefined {
  const { minimum = -Infinity, maximum = Infinity } = shape;
  if (value >= minimum && value <= maximum) return undefined;
  return { path, message: `${value} must be ${between(minimum, maximum)}` };
}

function listFault(shape: Shape, value: readonly unknown[], path: Path): Fault | undefined {
  const { minItems = 0, maxItems = Infinity, items = {} } = shape;
  if (value.length < minItems || value.length > maxItems) {
    const limits = between(minItems, maxItems, "items");
    return { path, message: `the list has ${value.length} items; give ${limits}` };
  }
  for (const [index, item] of value.entries()) {
    const fault = faultIn(items, item, [...path, index]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function mappingFault(
  shape: Shape,
  value: Readonly<Record<string, unknown>>,
  path: Path,
): Fault | undefined {
  for (const [key, item] of Object.entries(value)) {
    const property = propertyOf(shape, key);
    const place = [...path, key];
    if (property === undefined)
      return { path: place, message: unknownKey(shape, key), isKey: true };
    const fault = faultIn(property, item, place);
    if (fault !== undefined) return fault;
  }
  const missing = shape.required?.find((key) => !Object.hasOwn(value, key));
  return missing === undefined ? undefined : { path, message: missingKey(shape, missing) };
}

function propertyOf({ properties, patternProperties = {} }: Shape, key: string): Shape | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return Object.entries(patternProperties).find(([pattern]) =>
    new RegExp(pattern, "u").test(key),
  )?.[1];
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "object":
      return isMapping(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return Number.isFinite(value);
    case "null":
      return value === null;
    case "string":
    case "boolean":
      return typeof value === type;
    default:
      throw new TypeError(`schema type ${type} is not read here`);
  }
}
