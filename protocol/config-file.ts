import type { Static, TSchema } from "typebox";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { ConfigError } from "./config-error.ts";
import { type Fault, findFault, fits } from "./config-shape.ts";

/** Bytes of the largest configuration file. */
export const MAX_CONFIG_BYTES = 256 * 1024;

/**
 * Reads a configuration file: one YAML 1.2 document of plain mappings, lists and scalars, without
 * anchors, aliases, tags, merge keys or directives, that is exactly what the schema says.
 *
 * A `description` in the schema completes the sentence `X must be …`. The result is frozen.
 *
 * @throws ConfigError with the place, what is wrong and what to write instead.
 */
export function parseConfig<T extends TSchema>(schema: T, text: string, file: string): Static<T> {
  const lines = new LineCounter();
  const fail = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new ConfigError({ file, line: Math.max(line, 1), column: Math.max(col, 1) }, message);
  };
  checkText(text, fail);
  const document = parseYaml(text, lines, fail);
  checkForm(document, fail);
  const value: unknown = document.toJS();
  if (value === null) fail(0, "the file is empty; write its keys");
  if (fits(schema, value)) return freeze(value);
  const fault = findFault(schema, value);
  return fault === undefined
    ? fail(0, "is malformed")
    : fail(offsetOf(document, fault), explainFault(fault));
}

/** A wrong key names itself; a wrong value is named by its key. */
function explainFault({ path, message, isKey = false }: Fault): string {
  const key = path.findLast((step) => typeof step === "string");
  return isKey || key === undefined ? message : `${key}: ${message}`;
}

type Fail = (offset: number, message: string) => never;

function checkText(text: string, fail: Fail): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CONFIG_BYTES)
    fail(0, `${bytes} bytes are more than the ${MAX_CONFIG_BYTES} read`);
  if (text.includes("\ufffd")) fail(0, "is not UTF-8 text");
  if (text.includes("\0")) fail(0, "holds a NUL byte; is this the right file?");
}

function parseYaml(text: string, lineCounter: LineCounter, fail: Fail): Document.Parsed {
  try {
    const options = { lineCounter, prettyErrors: false, merge: false, schema: "core" } as const;
    const document = parseDocument(text, { ...options, version: "1.2", uniqueKeys: true });
    const [problem] = [...document.errors, ...document.warnings];
    return problem === undefined ? document : fail(problem.pos[0], explain(problem));
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return fail(0, "is nested too deeply");
    throw error;
  }
}

/** What to do about those faults of YAML that people make; of the others the parser's words say enough. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["DUPLICATE_KEY", "the key is there twice; remove one of them"],
  ["TAB_AS_INDENT", "a tab cannot indent; use spaces"],
  ["MULTIPLE_DOCS", "a second document begins here; remove the line with ---"],
  ["RESOURCE_EXHAUSTION", "is nested too deeply"],
  ["TAG_RESOLVE_FAILED", "tags (!name) are not read; remove it"],
]);

function explain({ code, message }: YAMLError): string {
  const plain = `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return ADVICE.get(code) ?? `${plain}; look at the indentation and quotes here`;
}

/** Refuses all of YAML that makes a file mean something other than what it looks like. */
function checkForm(document: Document.Parsed, fail: Fail): void {
  const { directives } = document;
  if (directives.yaml.explicit === true || Object.keys(directives.tags).length > 1) {
    fail(0, "directives (%YAML, %TAG) are not read; remove the line");
  }
  visit(document, {
    Node: (_, node) => {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) fail(offset, "aliases (*name) are not read; write the value out");
      if (!isAlias(node) && node.anchor !== undefined)
        fail(offset, "anchors (&name) are not read; remove it");
      if (node.tag !== undefined) fail(offset, "tags (!name) are not read; remove it");
      if (isScalar(node) && typeof node.value === "number") checkNumber(node.source, offset, fail);
    },
    Pair: (_, { key }) => {
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      if (!isScalar(key) || typeof key.value !== "string")
        fail(offset, "a key must be text; put it in quotes");
      else if (key.value === "<<") fail(offset, "merge keys (<<) are not read; write the keys out");
    },
  });
}

/** `0644` means 420 to some readers of YAML and 644 to others. */
function checkNumber(source: string | undefined, offset: number, fail: Fail): void {
  if (source === undefined || !/^[-+]?0\d/.test(source)) return;
  fail(offset, `${source} is not read as a number because of its leading zero; put it in quotes`);
}

/** Where a fault is in the text: at the key that is wrong, else at the value. */
function offsetOf(document: Document.Parsed, { path, isKey = false }: Fault): number {
  if (isKey) return keyOffset(document, path) ?? 0;
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  // A key without a value has a node without extent: the place of the key says more.
  const isEmpty = isScalar(node) && node.value === null && path.length > 0;
  const value = isNode(node) ? node.range?.[0] : undefined;
  return (isEmpty ? keyOffset(document, path) : undefined) ?? value ?? 0;
}

function keyOffset(document: Document.Parsed, path: Fault["path"]): number | undefined {
  const map = document.getIn(path.slice(0, -1), true);
  const name = path.at(-1);
  if (!isMap(map)) return undefined;
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
