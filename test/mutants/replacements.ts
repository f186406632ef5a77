import { childAt, childrenAt, wordAt, type Syntax } from "./syntax.ts";

const OPERATORS: ReadonlyMap<string, readonly string[]> = new Map([
  ["===", ["!=="]],
  ["!==", ["==="]],
  ["<", ["<=", ">="]],
  ["<=", ["<", ">"]],
  [">", [">=", "<="]],
  [">=", [">", "<"]],
  ["+", ["-"]],
  ["-", ["+"]],
  ["*", ["/"]],
  ["/", ["*"]],
  ["%", ["*"]],
  ["&", ["|"]],
  ["|", ["&"]],
  ["^", ["&"]],
  ["<<", [">>"]],
  [">>", ["<<"]],
  ["&&", ["||"]],
  ["||", ["&&"]],
  ["??", ["&&"]],
]);

/** Calls that are easily mistaken for each other. */
const METHODS: ReadonlyMap<string, string> = new Map(
  [
    ["some", "every"],
    ["startsWith", "endsWith"],
    ["min", "max"],
    ["floor", "ceil"],
    ["toUpperCase", "toLowerCase"],
  ].flatMap(([a = "", b = ""]) => [
    [a, b],
    [b, a],
  ]),
);

/** Calls that give much the same without them. */
const DROPPED: ReadonlySet<string> = new Set(
  "filter slice trim trimEnd sort toSorted reverse toReversed replace replaceAll flat".split(" "),
);

/** What could stand in place of an expression by a slip; nothing for most. */
export function replacementsOf(node: Syntax, text: string): readonly string[] {
  const source = (part: Syntax | undefined): string =>
    part === undefined ? "" : text.slice(part.start, part.end);
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return swapOperator(node, text);
    case "UnaryExpression":
      return wordAt(node, "operator") === "!" ? [source(childAt(node, "argument"))] : [];
    case "Literal":
      return otherLiteral(node);
    case "TemplateLiteral":
      return ['""'];
    case "ArrayExpression":
      return childrenAt(node, "elements").length > 0 ? ["[]"] : ['["mutant"]'];
    case "ObjectExpression":
      return childrenAt(node, "properties").length > 0 ? ["{}"] : [];
    case "ArrowFunctionExpression":
      return childAt(node, "body")?.type === "BlockStatement" ? [] : ["() => undefined"];
    case "ChainExpression":
      return withoutQuestions(node, text);
    case "CallExpression":
      return otherCall(node, text);
    default:
      return [];
  }
}

function swapOperator(node: Syntax, text: string): readonly string[] {
  const [left, right] = [childAt(node, "left"), childAt(node, "right")];
  if (left === undefined || right === undefined) return [];
  const operator = wordAt(node, "operator");
  const isJoin = operator === "+" && [left, right].some(isText);
  const others = isJoin ? [] : (OPERATORS.get(operator) ?? []);
  const [first, second] = [left, right].map(({ start, end }) => text.slice(start, end));
  return others.map((other) => `(${first}) ${other} (${second})`);
}

const isText = (node: Syntax): boolean =>
  node.type === "TemplateLiteral" || typeof node["value"] === "string";

function otherLiteral(node: Syntax): readonly string[] {
  const { value } = node;
  if (node["regex"] !== undefined && node["regex"] !== null)
    return otherPatterns(wordAt(node, "raw"));
  if (typeof value === "string") return [value === "" ? '"mutant"' : '""'];
  if (typeof value === "number") return [`(${wordAt(node, "raw")} + 1)`];
  return typeof value === "boolean" ? [String(!value)] : [];
}

/** A regular expression without one of its anchors, or with a repetition that is longer or shorter. */
function otherPatterns(raw: string): readonly string[] {
  const others = [
    raw.replace(/^\/\^/, "/"),
    raw.replace(/\$(?=\/[a-z]*$)/, ""),
    raw.replace(/(?<=[\])])\*/, "+"),
    raw.replace(/(?<=[\])])\+/, "*"),
    raw.replace(/(?<=[\])])\?/, ""),
  ];
  return [...new Set(others)].filter((other) => other !== raw && !other.startsWith("//"));
}

/** The chain without one of its question marks: what is absent then throws. */
function withoutQuestions(node: Syntax, text: string): readonly string[] {
  const others: string[] = [];
  let link = childAt(node, "expression");
  while (link !== undefined) {
    const base = childAt(link, "object") ?? childAt(link, "callee");
    if (base !== undefined && link["optional"] === true) {
      const rest = text.slice(base.end, node.end);
      const bare = rest.replace(/^(\s*)\?\.(?=[[(])/, "$1").replace(/^(\s*)\?\./, "$1.");
      if (bare !== rest) others.push(text.slice(node.start, base.end) + bare);
    }
    link = base;
  }
  return others;
}

function otherCall(node: Syntax, text: string): readonly string[] {
  const callee = childAt(node, "callee");
  const [object, property] = [
    callee && childAt(callee, "object"),
    callee && childAt(callee, "property"),
  ];
  if (callee?.type !== "MemberExpression" || object === undefined || property === undefined)
    return [];
  const name = wordAt(property, "name");
  const swapped = METHODS.get(name);
  if (swapped !== undefined)
    return [text.slice(node.start, property.start) + swapped + text.slice(property.end, node.end)];
  return DROPPED.has(name) ? [text.slice(object.start, object.end)] : [];
}
