import { existsSync } from "node:fs";
import { join } from "node:path";
import { createJournal, type Journal } from "../files/journal.ts";
import { privateTo } from "../files/disk.ts";
import { readAccounts } from "../recipe/accounts.ts";
import { readCookbook, type Cookbook } from "../recipe/cookbook.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { AgentDeps } from "./agent.ts";
import { notJoined, readConfig, type ClientConfig } from "./config.ts";
import { identityRecipe } from "./identity.ts";
import { createMemory, type Memory } from "./memory.ts";
import { PLACES } from "./paths.ts";
import { readState } from "./state.ts";

/** What every run of a joined node begins with. */
export type Workshop = {
  readonly config: ClientConfig;
  readonly memory: Memory;
  readonly journal: Journal;
  readonly cookbook: Cookbook;
  /** The cookbook's and the identity's. */
  readonly recipes: ReadonlyMap<string, Recipe>;
  /** Folder of this machine's own recipes. */
  readonly recipesFolder: string;
};

/** Reads configuration, state and recipes. @throws Failure when the machine has not joined, or a file is wrong. */
export function openWorkshop(deps: AgentDeps): Workshop {
  const { disk, gid, paths } = deps;
  const config = readConfig(paths);
  const state = readState(disk);
  if (config === undefined || state === undefined) throw notJoined(paths);
  const memory = createMemory(disk, gid, state);
  const recipesFolder = join(paths.root, config.recipes ?? PLACES.recipes);
  const read = readCookbook(
    { shipped: deps.shipped, local: recipesFolder },
    {
      accounts: readAccounts(paths.passwd, paths.group),
      node: config.node,
      exists: (path) => existsSync(join(paths.root, path)),
    },
  );
  const cookbook = paths.root === "/" ? read : withoutServices(read);
  const { identity } = state;
  const recipes = new Map([...cookbook.recipes, [identity, identityRecipe(deps, identity)]]);
  const journal = createJournal(disk, privateTo(disk, gid));
  return { config, memory, journal, cookbook, recipes, recipesFolder };
}

/**
 * Under another root a shipped recipe would reload and probe the machine's own services: it does
 * neither there. A recipe of that root's own says what it means.
 */
function withoutServices(cookbook: Cookbook): Cookbook {
  const recipes = new Map(
    [...cookbook.recipes].map(([grant, recipe]) => [grant, withoutService(recipe)] as const),
  );
  return { ...cookbook, recipes };
}

function withoutService(recipe: Recipe): Recipe {
  if (!recipe.shipped) return recipe;
  const { probe: _, ...rest } = recipe;
  return { ...rest, reload: [] };
}
