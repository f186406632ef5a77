import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { codeOfError, messageOf } from "../terminal/failure.ts";
import type { Accounts } from "./accounts.ts";
import { modeOf, parseRecipe, type ParsedRecipe } from "./parse-recipe.ts";
import type { Recipe } from "./recipe.ts";

/** All recipes of a machine, one for a grant, with what is wrong with the others. */
export type Cookbook = {
  readonly recipes: ReadonlyMap<string, Recipe>;
  /** Files that could not be used; one wrong file takes no other with it. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
  /** Optional recipes whose owner does not exist here. */
  readonly skipped: ReadonlyMap<string, string>;
};

/** Folders with recipes; a local file takes the place of a shipped one of the same name or grant. */
export type RecipeFolders = { readonly shipped: string; readonly local: string };

type Entry = { readonly file: string; readonly shipped: boolean; readonly parsed: ParsedRecipe };
/** Recipes that do not go together, or not with this machine. */
class RecipeConflict extends Error {
  override readonly name = "RecipeConflict";
}

type Draft = {
  readonly recipes: Map<string, Recipe>;
  readonly problems: { readonly file: string; readonly message: string }[];
  readonly skipped: Map<string, string>;
};

/** Reads every recipe of the two folders. Never throws for what a recipe says. */
export function readCookbook(folders: RecipeFolders, accounts: Accounts): Cookbook {
  const draft: Draft = { recipes: new Map(), problems: [], skipped: new Map() };
  const local = listRecipes(folders.local);
  const overridden = new Set(local.map((file) => basename(file)));
  const shipped = listRecipes(folders.shipped).filter((file) => !overridden.has(basename(file)));
  for (const file of local) addFile(draft, accounts, file, false);
  for (const file of shipped) addFile(draft, accounts, file, true);
  return draft;
}

function listRecipes(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return [];
    throw error;
  }
}

function addFile(draft: Draft, accounts: Accounts, file: string, shipped: boolean): void {
  try {
    const parsed = parseRecipe(readFileSync(file, "utf8"), file);
    add(draft, accounts, { file, shipped, parsed });
  } catch (error) {
    draft.problems.push({ file, message: messageOf(error) });
  }
}

function add(draft: Draft, accounts: Accounts, entry: Entry): void {
  const { grant } = entry.parsed.text;
  const other = draft.recipes.get(grant);
  if (other !== undefined || draft.skipped.has(grant)) {
    if (entry.shipped && other?.shipped !== true) return;
    throw new RecipeConflict(
      `${entry.file}: grant ${grant} has a recipe already, ${other?.source ?? "skipped"}`,
    );
  }
  const clash = findClash(draft, entry.parsed);
  if (clash !== undefined) throw new RecipeConflict(`${entry.file}: ${clash}`);
  const recipe = resolve(accounts, entry);
  if (typeof recipe === "string") {
    if (entry.parsed.text.optional !== true) throw new RecipeConflict(`${entry.file}: ${recipe}`);
    draft.skipped.set(grant, recipe);
  } else {
    draft.recipes.set(grant, recipe);
  }
}

function findClash(draft: Draft, { text }: ParsedRecipe): string | undefined {
  const wanted = new Set<string>([
    ...Object.values(text.files),
    ...(text.bundles ?? []).map(({ file }) => file),
  ]);
  for (const recipe of draft.recipes.values()) {
    const path = targetsOf(recipe).find((target) => wanted.has(target));
    if (path !== undefined) return `${path} is written by ${recipe.source} already`;
  }
  return undefined;
}

/** The paths that a recipe's credential is written to, key first; bundles are not among them. */
export function targetsOf({ files }: Pick<Recipe, "files">): readonly string[] {
  switch (files.form) {
    case "pem":
      return [files.key, files.certificate, ...(files.chain === undefined ? [] : [files.chain])];
    case "combined":
      return [files.combined, ...(files.chain === undefined ? [] : [files.chain])];
    case "ssh":
      return [files.key, files.certificate, ...(files.public === undefined ? [] : [files.public])];
  }
}

function resolve(accounts: Accounts, { file, shipped, parsed }: Entry): Recipe | string {
  const { text, files } = parsed;
  const user = accounts.user(text.owner ?? "root");
  if (user === undefined) return `user ${text.owner} does not exist on this machine`;
  const gid = text.group === undefined ? user.gid : accounts.group(text.group);
  if (gid === undefined) return `group ${text.group} does not exist on this machine`;
  return {
    grant: text.grant,
    source: file,
    shipped,
    files,
    uid: user.uid,
    gid,
    keyMode: modeOf(text),
    ...(text["key-kind"] === undefined ? {} : { keyKind: text["key-kind"] }),
    keepKey: text["keep-key"] ?? files.form === "ssh",
    bundles: text.bundles ?? [],
    reload: text.reload ?? [],
    ...(text.probe === undefined ? {} : { probe: text.probe }),
    timeout: text.timeout ?? DEFAULT_TIMEOUT,
  };
}

const DEFAULT_TIMEOUT = 30;
