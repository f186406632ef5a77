import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The checkout's root folder. */
export const CHECKOUT = join(import.meta.dirname, "../..");

/** One source file; `path` and imports are relative to the checkout, packages keep their names. */
export type Source = {
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly string[];
  /** Those of `imports` that are there at run time: not `import type`. */
  readonly loads: readonly string[];
};

/** Every `.ts` file below `folders`, in order of path. A folder that is not there holds none. */
export const readSources = (folders: readonly string[]): readonly Source[] =>
  folders.flatMap((folder) => listFiles(folder, ".ts").map(readSource));

/** Paths, relative to the checkout, of all files below `folder` that end with `ending`. */
export function listFiles(folder: string, ending = ""): readonly string[] {
  return readdirSync(join(CHECKOUT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(CHECKOUT, join(entry.parentPath, entry.name)))
    .filter((path) => !/(?:^|\/)(?:node_modules|\.git|dist)\//.test(path))
    .sort();
}

const IMPORT =
  /^\s*(?:import|export)\s+(?<type>type\s)?(?:[^"';]*?\sfrom\s)?"(?<name>[^"]+)"|\bimport\("(?<lazy>[^"]+)"\)/gm;

const readSource = (path: string): Source =>
  parseSource(path, readFileSync(join(CHECKOUT, path), "utf8"));

/** Makes a source of a text; found by pattern, not parsed, which prettier's layout allows. */
export function parseSource(path: string, text: string): Source {
  const found = [...text.matchAll(IMPORT)].map(({ groups }) => ({
    name: resolveName(path, groups?.["name"] ?? groups?.["lazy"] ?? ""),
    typeOnly: groups?.["type"] !== undefined,
  }));
  return {
    path,
    lines: text.split("\n"),
    imports: found.map(({ name }) => name),
    loads: found.filter(({ typeOnly }) => !typeOnly).map(({ name }) => name),
  };
}

const resolveName = (path: string, name: string): string =>
  name.startsWith(".") ? join(dirname(path), name) : name.replace(/^((?:@[^/]+\/)?[^/]+).*$/, "$1");
