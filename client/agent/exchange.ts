import { EXIT } from "../../protocol/exit-codes.ts";
import type { Trust } from "../../protocol/messages.ts";
import type { Keyserver } from "../connection/keyserver.ts";
import { formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import { probe } from "../service/probe.ts";
import { acceptCertificate } from "./accept.ts";
import type { AgentDeps } from "./agent.ts";
import { anchorsOf } from "./anchors.ts";
import { comeBack } from "./come-back.ts";
import { noteFailed, noteObstacle } from "./mishaps.ts";
import { prepareOrder, sendOrders, type Delivery, type Order } from "./obtain.ts";
import { explainTime, reach } from "./reach.ts";
import { refresh, refreshDueAt } from "./refresh.ts";
import type { Draft } from "./report.ts";
import { readTrust } from "./state.ts";
import { listWanted, type Wanted } from "./wanted.ts";
import type { Workshop } from "./workshop.ts";

export type ExchangeOptions = {
  /** Grants to renew whatever their time is. */
  readonly asked: ReadonlySet<string>;
  /** Nothing but those. */
  readonly only: boolean;
  /** Grants whose last renewal cannot be finished yet: they are not renewed again. */
  readonly stuck: ReadonlySet<string>;
  readonly draft: Draft;
};

/**
 * Speaks to the keyserver when there is a reason to, and puts in place what it gives. Failures of
 * single credentials go into the draft; what kept everything from happening is given back.
 */
export async function fetchDue(
  deps: AgentDeps,
  workshop: Workshop,
  options: ExchangeOptions,
): Promise<Failure | undefined> {
  const trust = readTrust(deps.disk);
  if (trust === undefined) return trustIsMissing();
  if (!isWorthwhile(deps, workshop, options)) return undefined;
  try {
    saveFirst(deps, workshop);
    await comeBack(deps, workshop, trust, options.draft);
    const { keyserver, transport } = reach(deps, workshop.memory, workshop.config, trust);
    try {
      await exchange(deps, workshop, keyserver, options);
    } finally {
      transport.close();
    }
    return undefined;
  } catch (error) {
    return noteObstacle(deps, workshop.memory, await explainTime(deps, workshop.config, error));
  }
}

/** What cannot be remembered is not asked for: each run would ask for it anew. */
function saveFirst({ now }: AgentDeps, { memory }: Workshop): void {
  memory.change({ written: formatTime(now()) });
  memory.save();
}

const trustIsMissing = (): Failure =>
  new Failure(EXIT.unhealthy, "the list of authorities (trust.json) is missing", [
    "keyclient leave && keyclient join STRING",
  ]);

function isWorthwhile(deps: AgentDeps, workshop: Workshop, options: ExchangeOptions): boolean {
  const state = workshop.memory.state();
  if (options.asked.size > 0 || deps.now() >= refreshDueAt(state, deps.now())) return true;
  // After an exchange that failed, everything waits for the same moment.
  return state.refresh === undefined && wantedNow(deps, workshop, options).length > 0;
}

async function exchange(
  deps: AgentDeps,
  workshop: Workshop,
  keyserver: Keyserver,
  options: ExchangeOptions,
): Promise<void> {
  const { disk, gid, now } = deps;
  const { memory } = workshop;
  const trust = await refresh({ disk, gid, memory, now }, keyserver);
  const orders = prepareOrders(deps, workshop, options);
  if (orders.length === 0) return;
  for (const delivery of await sendOrders(keyserver, orders)) {
    await take(deps, workshop, options.draft, { trust, delivery });
  }
}

function prepareOrders(
  deps: AgentDeps,
  workshop: Workshop,
  options: ExchangeOptions,
): readonly Order[] {
  const orders: Order[] = [];
  for (const wanted of wantedNow(deps, workshop, options)) {
    try {
      orders.push(prepareOrder(deps.disk, wanted));
    } catch (error) {
      const { grant } = wanted.recipe;
      noteFailed(deps, workshop.memory, options.draft, { grant, error });
    }
  }
  return orders;
}

const wantedNow = (
  { disk, now }: AgentDeps,
  { memory, recipes }: Workshop,
  { asked, only, stuck }: ExchangeOptions,
): readonly Wanted[] => {
  const state = memory.state();
  const wanted = listWanted({ disk, recipes, state, now: now(), asked, only });
  return wanted.filter(({ recipe }) => !stuck.has(recipe.grant));
};

type Taking = { readonly trust: Trust; readonly delivery: Delivery };

async function take(
  deps: AgentDeps,
  { memory, journal }: Workshop,
  draft: Draft,
  { trust, delivery }: Taking,
): Promise<void> {
  const { disk, now } = deps;
  const { order } = delivery;
  const { recipe, why } = order.wanted;
  const { grant } = recipe;
  const answers = async (): Promise<boolean> =>
    recipe.probe !== undefined && (await probe(recipe.probe)).state === "served";
  const anchors = (name: string): readonly string[] => anchorsOf(trust, name);
  try {
    if ("error" in delivery) throw delivery.error;
    const accept = { disk, journal, memory, now, answers, anchorsOf: anchors };
    const { serial } = await acceptCertificate(accept, order, delivery.issued);
    draft.renewed.push({ grant, why, serial });
  } catch (error) {
    noteFailed(deps, memory, draft, { grant, error });
  }
}
