import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Keyserver } from "../connection/keyserver.ts";
import type { Trust } from "../../protocol/messages.ts";
import { targetsOf } from "../recipe/cookbook.ts";
import { formatTime } from "../terminal/duration.ts";
import { Failure, messageOf } from "../terminal/failure.ts";
import { runHook } from "../service/hook.ts";
import { probe } from "../service/probe.ts";
import { acceptCertificate } from "./accept.ts";
import { activate, type Activation } from "./activate.ts";
import type { AgentDeps } from "./agent.ts";
import { anchorsOf, keepBundles } from "./anchors.ts";
import { addSetback } from "./back-off.ts";
import { reloadKey } from "./memory.ts";
import { prepareOrder, sendOrders, type Delivery, type Order } from "./obtain.ts";
import { exitOf, stampsOf, wakeAt } from "./outcome.ts";
import { explainTime, reach } from "./reach.ts";
import { recover, sweep } from "./recover.ts";
import { refresh, refreshDueAt } from "./refresh.ts";
import { readTrust } from "./state.ts";
import { isHeldBack, listWanted, type Wanted } from "./wanted.ts";
import type { Workshop } from "./workshop.ts";

export type CycleOptions = {
  /** Grants to renew whatever their time is. */
  readonly asked: ReadonlySet<string>;
  /** Nothing but those. */
  readonly only: boolean;
};

/** What a run did. */
export type CycleReport = {
  readonly renewed: readonly {
    readonly grant: string;
    readonly why: Wanted["why"];
    readonly serial: string;
  }[];
  readonly failed: readonly {
    readonly grant: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly activations: readonly { readonly grant: string; readonly activation: Activation }[];
  readonly recovered: readonly string[];
  /** What kept the whole run from its work: no connection, a wrong clock, a lost identity. */
  readonly obstacle?: Failure;
  readonly exit: ExitCode;
};

type Draft = {
  readonly [Name in "renewed" | "failed" | "activations"]: CycleReport[Name][number][];
};

/**
 * One run: finish what was interrupted, fetch what has to be fetched, renew what is due in one
 * exchange, tell services, and remember when to look again.
 */
export async function runCycle(
  deps: AgentDeps,
  workshop: Workshop,
  options: CycleOptions,
): Promise<CycleReport> {
  const { memory, journal, recipes } = workshop;
  const draft: Draft = { renewed: [], failed: [], activations: [] };
  const recovery = recover(deps.disk, journal, memory);
  for (const { grant, message } of recovery.stuck)
    noteFailed(deps, workshop, draft, grant, new Error(message));
  sweep(
    deps.disk,
    [...recipes.values()].flatMap((recipe) =>
      targetsOf(recipe).map((path) => ({ path, uid: recipe.uid })),
    ),
  );
  const stuck = new Set(recovery.stuck.map(({ grant }) => grant));
  const obstacle = await fetchAll(deps, workshop, { ...options, draft, stuck });
  refreshBundles(deps, workshop, draft);
  await activateAll(deps, workshop, draft);
  const exit = conclude(deps, workshop, obstacle);
  return {
    ...draft,
    recovered: recovery.finished,
    exit,
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

type FetchOptions = CycleOptions & { readonly draft: Draft; readonly stuck: ReadonlySet<string> };

async function fetchAll(
  deps: AgentDeps,
  workshop: Workshop,
  options: FetchOptions,
): Promise<Failure | undefined> {
  const { memory, config } = workshop;
  const trust = readTrust(deps.disk);
  if (trust === undefined)
    return new Failure(EXIT.unhealthy, "the list of authorities is missing", [
      "keyclient leave && keyclient join STRING",
    ]);
  const now = deps.now();
  const state = memory.state();
  const isRefreshDue = now >= refreshDueAt(state);
  const isAsked = options.asked.size > 0;
  const isDue = isRefreshDue || isAsked || wantedNow(deps, workshop, options).length > 0;
  // After a failed exchange everything waits for the same moment.
  if (!isDue || (!isAsked && state.refresh !== undefined && !isRefreshDue)) return undefined;
  try {
    const { keyserver, transport } = reach(deps, memory, config, trust);
    try {
      await exchange(deps, workshop, keyserver, options);
    } finally {
      transport.close();
    }
    return undefined;
  } catch (error) {
    return noteObstacle(deps, workshop, await explainTime(deps, config, error));
  }
}

async function exchange(
  deps: AgentDeps,
  workshop: Workshop,
  keyserver: Keyserver,
  options: FetchOptions,
): Promise<void> {
  const { disk, gid, now } = deps;
  const trust = await refresh({ disk, gid, memory: workshop.memory, now }, keyserver);
  const orders: Order[] = [];
  for (const wanted of wantedNow(deps, workshop, options)) {
    const { grant } = wanted.recipe;
    try {
      orders.push(prepareOrder(disk, wanted));
    } catch (error) {
      noteFailed(deps, workshop, options.draft, grant, error);
    }
  }
  if (orders.length === 0) return;
  for (const delivery of await sendOrders(keyserver, orders)) {
    await take(deps, workshop, { trust, delivery, draft: options.draft });
  }
}

const wantedNow = (deps: AgentDeps, { memory, recipes }: Workshop, options: FetchOptions) =>
  listWanted({
    disk: deps.disk,
    recipes,
    state: memory.state(),
    now: deps.now(),
    asked: options.asked,
    only: options.only,
  }).filter(({ recipe }) => !options.stuck.has(recipe.grant));

type Taking = { readonly trust: Trust; readonly delivery: Delivery; readonly draft: Draft };

async function take(
  deps: AgentDeps,
  workshop: Workshop,
  { trust, delivery, draft }: Taking,
): Promise<void> {
  const { memory, journal } = workshop;
  const { order } = delivery;
  const { recipe, why } = order.wanted;
  try {
    if ("error" in delivery) throw delivery.error;
    const accept = {
      disk: deps.disk,
      journal,
      memory,
      anchorsOf: (name: string) => anchorsOf(trust, name),
      now: deps.now,
      answers: async () =>
        recipe.probe !== undefined && (await probe(recipe.probe)).state === "served",
    };
    const { serial } = await acceptCertificate(accept, order, delivery.issued);
    draft.renewed.push({ grant: recipe.grant, why, serial });
  } catch (error) {
    noteFailed(deps, workshop, draft, recipe.grant, error);
  }
}

/** One failing credential is noted and stops no other. */
function noteFailed(
  { now, random }: AgentDeps,
  { memory }: Workshop,
  draft: Draft,
  grant: string,
  error: unknown,
): void {
  const { credentials, setbacks } = memory.state();
  const code = error instanceof KeysystemError ? error.code : "local";
  const message = messageOf(error);
  const end = Date.parse(credentials[grant]?.notAfter ?? "");
  const chance = { now: now(), random: random(), end: Number.isNaN(end) ? undefined : end };
  memory.keepSetback(grant, addSetback(setbacks[grant], { code, message }, chance));
  draft.failed.push({ grant, code, message });
}

function noteObstacle({ now, random }: AgentDeps, { memory }: Workshop, error: unknown): Failure {
  const failure = asFailure(error, memory.state().node);
  const state = memory.state();
  const ends = Object.values(state.credentials).map(({ notAfter }) => Date.parse(notAfter));
  const end = Math.min(...ends.filter((time) => time > now()));
  const code = error instanceof KeysystemError ? error.code : "unreachable";
  const chance = { now: now(), random: random(), end: Number.isFinite(end) ? end : undefined };
  memory.change({ refresh: addSetback(state.refresh, { code, message: failure.message }, chance) });
  return failure;
}

function asFailure(error: unknown, node: string): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof KeysystemError)) throw error;
  const [exit, hint] = error.code.startsWith("auth.")
    ? ([
        EXIT.unauthenticated,
        `on the master:  keyserver node show ${node}      a new identity:  keyreq token ${node}`,
      ] as const)
    : ([EXIT.unreachable, "on the master:  keyserver status"] as const);
  return new Failure(exit, error.message, [hint], { cause: error });
}

function refreshBundles({ disk }: AgentDeps, { memory, cookbook }: Workshop, draft: Draft): void {
  const trust = readTrust(disk);
  if (trust === undefined) return;
  const { credentials } = memory.state();
  const kept = [...cookbook.recipes.values()].filter(
    ({ grant }) => credentials[grant] !== undefined,
  );
  const { changed, problems } = keepBundles(disk, kept, trust);
  for (const grant of changed) {
    const record = credentials[grant];
    const hasHook = (cookbook.recipes.get(grant)?.reload.length ?? 0) > 0;
    if (record !== undefined && hasHook) memory.keepCredential({ ...record, reload: "due" });
  }
  for (const { grant, message } of problems) draft.failed.push({ grant, code: "local", message });
}

async function activateAll(deps: AgentDeps, workshop: Workshop, draft: Draft): Promise<void> {
  const { memory, journal, recipes } = workshop;
  for (const record of Object.values(memory.state().credentials)) {
    const recipe = recipes.get(record.grant);
    const isDue = record.reload === "due" || record.reload === "failed";
    if (recipe === undefined || !isDue) continue;
    if (isHeldBack(memory.state(), reloadKey(record.grant), deps.now())) continue;
    const activation = await activate(
      { ...deps, journal, memory, runHook, probe, pause },
      recipe,
      record,
    );
    draft.activations.push({ grant: record.grant, activation });
    memory.save();
  }
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

function conclude(deps: AgentDeps, workshop: Workshop, obstacle: Failure | undefined): ExitCode {
  const { memory, cookbook, recipesFolder } = workshop;
  const now = deps.now();
  const state = memory.state();
  const exit = obstacle?.exit ?? exitOf(state, cookbook, now);
  memory.change({
    exit,
    written: formatTime(now),
    wake: formatTime(wakeAt(state, cookbook, now)),
    stamps: [...stampsOf(deps.paths, deps.shipped, cookbook, state, recipesFolder)],
  });
  memory.save();
  return exit;
}
