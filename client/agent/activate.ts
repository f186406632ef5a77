import type { Disk } from "../files/disk.ts";
import { installGeneration } from "../files/install.ts";
import type { Journal } from "../files/journal.ts";
import { isServed, type Served } from "../service/probe.ts";
import type { Probe, Recipe } from "../recipe/recipe.ts";
import type { Hook, HookResult } from "../service/hook.ts";
import { runReload } from "../service/reload.ts";
import { formatTime } from "../terminal/duration.ts";
import { settle } from "./accept.ts";
import { addSetback } from "./back-off.ts";
import type { CredentialRecord } from "./credential.ts";
import { reloadKey, type Memory } from "./memory.ts";

export type ActivateDeps = {
  readonly disk: Disk;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly now: () => number;
  readonly random: () => number;
  readonly runHook: (hook: Hook) => Promise<HookResult>;
  readonly probe: (target: Probe) => Promise<Served>;
  /** Waits for milliseconds. */
  readonly pause: (time: number) => Promise<void>;
};

/** How a service took its new files. */
export type Activation =
  | { readonly outcome: "in use" | "not in use" | "told" }
  | { readonly outcome: "failed" | "rolled back"; readonly message: string };

const BETWEEN_PROBES = 250;
/** Seconds for a service that goes on with its old certificate; one that is gone has the recipe's time. */
const PATIENCE = 5;

/**
 * Tells a service about its new files and looks at what it serves then. One that answered before
 * and does not any more gets its previous files back, and is told again.
 */
export async function activate(
  deps: ActivateDeps,
  recipe: Recipe,
  record: CredentialRecord,
): Promise<Activation> {
  const hook = await runReload(deps.runHook, recipe);
  const served = await settled(deps, recipe, record);
  const isBroken = record.answered && served !== undefined && served.state !== "served";
  if (isBroken) return rollBack(deps, recipe, record, served.why);
  if (!hook.ok) return noteFailure(deps, record, hook.message, hook.detail);
  deps.memory.keepCredential({ ...record, reload: "done" });
  deps.memory.keepSetback(reloadKey(record.grant), undefined);
  if (served === undefined) return { outcome: "told" };
  return { outcome: isServed(served, certificateOf(record)) ? "in use" : "not in use" };
}

const certificateOf = (record: CredentialRecord): Buffer =>
  Buffer.from(record.certificate, "base64");

/** Probes until the new certificate is served, or the service had its time. */
async function settled(
  { probe, pause, now }: ActivateDeps,
  recipe: Recipe,
  record: CredentialRecord,
): Promise<Served | undefined> {
  if (recipe.probe === undefined) return undefined;
  const begin = now();
  for (;;) {
    const served = await probe(recipe.probe);
    if (isServed(served, certificateOf(record))) return served;
    const isGone = record.answered && served.state !== "served";
    const patience = isGone ? recipe.timeout : Math.min(recipe.timeout, PATIENCE);
    const isWaiting = record.answered && now() - begin < patience * 1000;
    if (!isWaiting) return served;
    await pause(BETWEEN_PROBES);
  }
}

function noteFailure(
  { memory, now, random }: ActivateDeps,
  record: CredentialRecord,
  message: string,
  detail: string,
): Activation {
  const key = reloadKey(record.grant);
  const said = detail === "" ? message : `${message}: ${detail}`;
  const chance = { now: now(), random: random(), end: Date.parse(record.notAfter) };
  memory.keepCredential({ ...record, reload: "failed" });
  memory.keepSetback(
    key,
    addSetback(memory.state().setbacks[key], { code: "local", message: said }, chance),
  );
  return { outcome: "failed", message: said };
}

async function rollBack(
  deps: ActivateDeps,
  recipe: Recipe,
  record: CredentialRecord,
  why: string,
): Promise<Activation> {
  const { disk, journal, memory, now, random } = deps;
  const { grant } = record;
  const previous = journal.previous(grant);
  const before = previous?.record;
  if (previous === undefined || before === undefined || Date.parse(before.notAfter) <= now()) {
    return noteFailure(
      deps,
      record,
      `the service is gone since its files were replaced (${why})`,
      "",
    );
  }
  const restored: CredentialRecord = { ...before, reload: "rolled-back" };
  const generation = { ...previous, record: restored };
  const message = `the service did not take the certificate ${record.serial} (${why}); it has ${before.serial} again`;
  const mishap = { code: "local", message };
  const chance = { now: now(), random: random(), end: Date.parse(before.notAfter) };
  const setback = addSetback(memory.state().setbacks[grant], mishap, chance);
  journal.begin(generation, record);
  installGeneration(disk, generation);
  settle({ journal, memory }, restored);
  memory.keepSetback(grant, setback);
  await runReload(deps.runHook, recipe);
  return { outcome: "rolled back", message: `${message} since ${formatTime(now())}` };
}
