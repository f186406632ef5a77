import { matchesGlob } from "node:path";
import type { Source } from "./source-tree.ts";

/** What the files of one folder may import: paths of ours as globs, `node:` modules, packages. */
export type Arrow = {
  readonly from: string;
  readonly ours: readonly string[];
  readonly node: "any" | readonly string[];
  readonly packages: "any" | readonly string[];
};

/** DESIGN §3, docs/decisions: arrows point one way. The first arrow whose `from` fits a file counts. */
export const ARROWS: readonly Arrow[] = [
  { from: "policy/**", ours: ["policy/**"], node: [], packages: ["yaml"] },
  {
    from: "keys/formats/**",
    ours: ["keys/formats/**", "policy/decision.ts"],
    node: ["node:crypto", "node:buffer"],
    packages: [],
  },
  { from: "keys/**", ours: ["keys/**", "policy/**"], node: "any", packages: "any" },
  {
    from: "protocol/**",
    ours: ["protocol/**"],
    node: ["node:crypto", "node:buffer"],
    packages: ["typebox", "yaml"],
  },
  {
    from: "server/**",
    ours: ["server/**", "policy/**", "keys/**", "protocol/**"],
    node: "any",
    packages: "any",
  },
  {
    from: "client/**",
    ours: ["client/**", "protocol/**", "keys/formats/**"],
    node: "any",
    packages: "any",
  },
  { from: "systemd/**", ours: ["systemd/**"], node: "any", packages: "any" },
];

const fits = (path: string, globs: readonly string[]): boolean =>
  globs.some((glob) => matchesGlob(path, glob));

/** Imports that go against the arrows, one line each. */
export function findWrongImports(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, imports }) => {
    const arrow = ARROWS.find(({ from }) => matchesGlob(path, from));
    if (arrow === undefined) return [`${path}: no arrow says what it may import`];
    return imports
      .filter((name) => !isAllowed(arrow, name))
      .map((name) => `${path}: ${arrow.from} must not import ${name}`);
  });
}

function isAllowed(arrow: Arrow, name: string): boolean {
  if (name.startsWith("node:")) return arrow.node === "any" || arrow.node.includes(name);
  if (name.endsWith(".ts") || name.endsWith(".json")) return fits(name, arrow.ours);
  return arrow.packages === "any" || arrow.packages.includes(name);
}

/** Cycles of what is loaded at run time, each once, as `a.ts → b.ts → a.ts`. */
export function findCycles(sources: readonly Source[]): readonly string[] {
  const loadsOf = new Map(sources.map(({ path, loads }) => [path, loads]));
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (finished.has(path)) return;
    const at = trail.indexOf(path);
    if (at !== -1) {
      cycles.push([...trail.slice(at), path].join(" → "));
      return;
    }
    for (const next of loadsOf.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}

const EXPORT =
  /^export (?:declare )?(?:async )?(?:const|let|function|class|type|interface)\*? (\w+)/;

/** A type that says no more than the value or the function it belongs to. */
const DERIVED = /^export type (?:\w+ = (?:keyof|\(?typeof|Static<typeof)\b|\w+(?:Deps|Options) =)/;

/**
 * Exports without a comment that says their contract.
 *
 * An export that follows another without a blank line shares its comment; a type that is derived
 * from a value, or is one function's argument (`…Deps`, `…Options`), needs none.
 */
export const findUndocumented = (sources: readonly Source[]): readonly string[] =>
  sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => {
      const name = EXPORT.exec(line)?.[1];
      if (name === undefined || DERIVED.test(line) || hasComment(lines, at)) return [];
      return [`${path}:${at + 1}: export ${name} has no comment with its contract`];
    }),
  );

function hasComment(lines: readonly string[], at: number): boolean {
  const above = lines[at - 1] ?? "";
  if (above.trimEnd().endsWith("*/")) return true;
  return at > 0 && above.startsWith("export ") && hasComment(lines, at - 1);
}

/** Files longer than `file` lines and functions at the left margin longer than `of` lines. */
export const findTooLong = (
  sources: readonly Source[],
  limit: { readonly file: number; readonly of: number },
): readonly string[] =>
  sources.flatMap(({ path, lines }) => {
    const length = lines.length - 1;
    const whole = length > limit.file ? [`${path}: ${length} lines, more than ${limit.file}`] : [];
    const functions = listFunctions(lines)
      .filter((found) => found.length > limit.of)
      .map(
        ({ at, length }) => `${path}:${at}: a function of ${length} lines, more than ${limit.of}`,
      );
    return [...whole, ...functions];
  });

const FUNCTION =
  /^(?:export )?(?:(?:async )?function\b|const \w+ = (?:async )?(?:<.*>)?\(?.*(?:=> [({[]*$|\($))/;

/** In prettier's layout a declaration at the left margin ends with the next line that begins there with a bracket. */
function listFunctions(
  lines: readonly string[],
): readonly { readonly at: number; readonly length: number }[] {
  return lines.flatMap((line, index) => {
    if (!FUNCTION.test(line)) return [];
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((next) => /^[})\]]+[^{]*;?$/.test(next));
    return [{ at: index + 1, length: end + 2 }];
  });
}

/** Lines that fit `pattern`, as `path:line: text`. */
export const findLines = (sources: readonly Source[], pattern: RegExp): readonly string[] =>
  sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) =>
      pattern.test(line) && !/^\s*(?:\*|\/\/)/.test(line)
        ? [`${path}:${at + 1}: ${line.trim()}`]
        : [],
    ),
  );
