import type { ExitCode } from "../../protocol/exit-codes.ts";
import { targetsOf } from "../recipe/cookbook.ts";
import { formatTime } from "../terminal/duration.ts";
import type { Failure } from "../terminal/failure.ts";
import type { AgentDeps } from "./agent.ts";
import { fetchDue, type ExchangeOptions } from "./exchange.ts";
import { noteFailed } from "./mishaps.ts";
import { forgetUsedKey } from "../joining/unfinished-join.ts";
import { exitOf, stampsOf, wakeAt } from "./outcome.ts";
import { PLACES } from "./paths.ts";
import { recover, sweep, sweepHome } from "./recover.ts";
import type { CycleReport, Draft } from "./report.ts";
import { activateAll, refreshBundles } from "./services.ts";
import type { Workshop } from "./workshop.ts";

/** What a run looks at: everything that is due, or what was asked for. */
export type CycleOptions = Pick<ExchangeOptions, "asked" | "only">;

/**
 * One run: finish what was interrupted, fetch what has to be fetched, renew what is due in one
 * exchange, tell services, and remember when to look again.
 */
export async function runCycle(
  deps: AgentDeps,
  workshop: Workshop,
  options: CycleOptions,
): Promise<CycleReport> {
  const draft: Draft = { renewed: [], failed: [], activations: [] };
  const { finished, stuck } = repair(deps, workshop, draft);
  const obstacle = await fetchDue(deps, workshop, { ...options, draft, stuck });
  refreshBundles(deps, workshop, draft);
  await activateAll(deps, workshop, draft);
  const exit = conclude(deps, workshop, obstacle);
  const report = { ...draft, recovered: finished, exit };
  return obstacle === undefined ? report : { ...report, obstacle };
}

function repair(deps: AgentDeps, workshop: Workshop, draft: Draft) {
  const { memory, journal, recipes } = workshop;
  const { finished, stuck } = recover(deps.disk, journal, memory);
  for (const { grant, message } of stuck) {
    noteFailed(deps, memory, draft, { grant, error: new Error(message) });
  }
  removeLeftovers(deps, recipes);
  return { finished, stuck: new Set(stuck.map(({ grant }) => grant)) };
}

/** Nothing is at work now, so what waits beside its target waits for nobody. */
function removeLeftovers({ disk }: AgentDeps, recipes: Workshop["recipes"]): void {
  const targets = [...recipes.values()].flatMap((recipe) => {
    const bundles = recipe.bundles.map(({ file }) => file);
    return [...targetsOf(recipe), ...bundles].map((path) => ({ path, uid: recipe.uid }));
  });
  sweep(disk, [...targets, { path: PLACES.config, uid: disk.uid }]);
  sweepHome(disk);
  forgetUsedKey(disk);
}

function conclude(deps: AgentDeps, workshop: Workshop, obstacle: Failure | undefined): ExitCode {
  const { memory, cookbook, recipesFolder } = workshop;
  const { paths, shipped } = deps;
  const now = deps.now();
  const state = memory.state();
  const exit = obstacle?.exit ?? exitOf(state, cookbook, now);
  memory.change({
    exit,
    written: formatTime(now),
    wake: formatTime(wakeAt(state, cookbook, now)),
    stamps: stampsOf({ paths, shipped, local: recipesFolder }, cookbook, state),
  });
  memory.save();
  return exit;
}
