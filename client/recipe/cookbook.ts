import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { codeOfError, messageOf } from "../terminal/failure.ts";
import type { Accounts } from "./accounts.ts";
import { commandsOf, modeOf, parseRecipe, type ParsedRecipe } from "./parse-recipe.ts";
import type { Recipe } from "./recipe.ts";

/** All recipes of a machine, one for a grant, with what is wrong with the others. */
export type Cookbook = {
  readonly recipes: ReadonlyMap<string, Recipe>;
  /** Files that could not be used; one wrong file takes no other with it. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
  /** Optional recipes whose owner does not exist here. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Paths that recipes need, there or not: when one comes or goes, so does its recipe. */
  readonly needs: readonly string[];
};

/** What recipes are held against: who there is on this machine, what there is, and what it is called. */
export type Household = {
  readonly accounts: Accounts;
  /** The node's name, for `<node>` in a reload. */
  readonly node: string;
  readonly exists: (path: string) => boolean;
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
  readonly needs: string[];
};

/** Reads every recipe of the two folders. Never throws for what a recipe says. */
export function readCookbook(folders: RecipeFolders, household: Household): Cookbook {
  const draft: Draft = { recipes: new Map(), problems: [], skipped: new Map(), needs: [] };
  const local = listRecipes(folders.local);
  const overridden = new Set(local.map((file) => basename(file)));
  const shipped = listRecipes(folders.shipped).filter((file) => !overridden.has(basename(file)));
  for (const file of local) addFile(draft, household, file, false);
  for (const file of shipped) addFile(draft, household, file, true);
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

function addFile(draft: Draft, household: Household, file: string, shipped: boolean): void {
  try {
    const parsed = parseRecipe(readFileSync(file, "utf8"), file);
    add(draft, household, { file, shipped, parsed });
  } catch (error) {
    draft.problems.push({ file, message: messageOf(error) });
  }
}

function add(draft: Draft, household: Household, entry: Entry): void {
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
  const { needs, optional } = entry.parsed.text;
  if (needs !== undefined) draft.needs.push(needs);
  if (needs !== undefined && !household.exists(needs)) {
    draft.skipped.set(grant, `${needs} does not exist on this machine`);
    return;
  }
  const recipe = resolve(household, entry);
  if (typeof recipe === "string") {
    if (optional !== true) throw new RecipeConflict(`${entry.file}: ${recipe}`);
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

function resolve({ accounts, node }: Household, { file, shipped, parsed }: Entry): Recipe | string {
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
    reload: commandsOf(text).map((command) => command.map((word) => nameNode(word, node))),
    ...(text.probe === undefined ? {} : { probe: text.probe }),
    timeout: text.timeout ?? DEFAULT_TIMEOUT,
  };
}

/** A name that could be an option or a path is not put into a command. @throws RecipeConflict */
function nameNode(word: string, node: string): string {
  if (!word.includes(NODE)) return word;
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(node))
    throw new RecipeConflict(`${NODE} in reload: ${JSON.stringify(node)} is no name for a command`);
  return word.replaceAll(NODE, node);
}

const NODE = "<node>";
const DEFAULT_TIMEOUT = 30;
