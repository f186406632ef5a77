import { runHook } from "../service/hook.ts";
import { probe } from "../service/probe.ts";
import { activate } from "./activate.ts";
import type { AgentDeps } from "./agent.ts";
import { keepBundles } from "./anchors.ts";
import { bundleKey, reloadKey } from "./memory.ts";
import { noteFailed } from "./mishaps.ts";
import type { Draft } from "./report.ts";
import { readTrust } from "./state.ts";
import { isHeldBack } from "./wanted.ts";
import type { Workshop } from "./workshop.ts";

/** Keeps the anchors that services read fresh; a service that is reloaded at all is told of new ones. */
export function refreshBundles(
  deps: AgentDeps,
  { memory, cookbook }: Workshop,
  draft: Draft,
): void {
  const trust = readTrust(deps.disk);
  if (trust === undefined) return;
  const { credentials } = memory.state();
  const recipes = [...cookbook.recipes.values()].filter(
    ({ grant }) => credentials[grant] !== undefined,
  );
  const { changed, problems } = keepBundles(deps.disk, recipes, trust);
  for (const grant of changed) {
    const record = credentials[grant];
    const hasHook = (cookbook.recipes.get(grant)?.reload.length ?? 0) > 0;
    if (record !== undefined && hasHook) memory.keepCredential({ ...record, reload: "due" });
  }
  for (const { grant } of recipes) {
    const error = problems.find((problem) => problem.grant === grant);
    const key = bundleKey(grant);
    if (error === undefined) memory.keepSetback(key, undefined);
    else noteFailed(deps, memory, draft, { grant, key, error: new Error(error.message) });
  }
}

/** Tells every service whose files are newer than its last reload. */
export async function activateAll(
  deps: AgentDeps,
  { memory, journal, recipes }: Workshop,
  draft: Draft,
): Promise<void> {
  for (const record of Object.values(memory.state().credentials)) {
    const { grant, reload } = record;
    const recipe = recipes.get(grant);
    if (recipe === undefined || (reload !== "due" && reload !== "failed")) continue;
    if (isHeldBack(memory.state(), reloadKey(grant), deps.now())) continue;
    const tools = { ...deps, journal, memory, runHook, probe, pause };
    draft.activations.push({ grant, activation: await activate(tools, recipe, record) });
    memory.save();
  }
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));
