import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { addressOf, isServed, probe } from "../service/probe.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { isDenial } from "./back-off.ts";
import type { CredentialRecord, Setback } from "./credential.ts";
import { bundleKey, reloadKey } from "./memory.ts";
import { refreshDueAt, withdrawnGrants } from "./refresh.ts";
import { dueAt } from "./schedule.ts";
import { formatTime } from "../terminal/duration.ts";
import type { State } from "./state.ts";
import type { Workshop } from "./workshop.ts";

/** How it stands with one credential. */
export type CredentialHealth = {
  readonly grant: string;
  readonly state:
    "ok" | "due" | "retrying" | "denied" | "expired" | "missing" | "no recipe" | "skipped";
  /** Milliseconds since 1970. */
  readonly notAfter?: number;
  /** When it is renewed, or asked for again. */
  readonly next?: number;
  readonly serial?: string;
  readonly use: "yes" | "old" | "not running" | "unknown";
  /** Where it was looked at. */
  readonly address?: string;
  /** Commands, each a program with its arguments. */
  readonly reload: Recipe["reload"];
  /** What is to be known beside the state. */
  readonly note?: string;
};

/** Looks at every credential that the node is granted or has: on disk, and in use. */
export async function examine(
  workshop: Workshop,
  now: number,
): Promise<readonly CredentialHealth[]> {
  const state = workshop.memory.state();
  const granted = state.offers.filter(({ verb }) => verb === "issue").map(({ grant }) => grant);
  const names = [state.identity, ...granted, ...Object.keys(state.credentials)];
  return Promise.all([...new Set(names)].map((grant) => examineOne(workshop, grant, now)));
}

/** Whether something wants attention. What has no recipe, or no owner on this machine, does not. */
export function isTrouble({ state, use, note }: CredentialHealth): boolean {
  if (state === "no recipe" || state === "skipped") return false;
  return state !== "ok" || use === "old" || note !== undefined;
}

/** 0 or 5. */
export const exitFor = (all: readonly CredentialHealth[]): ExitCode =>
  all.some(isTrouble) ? EXIT.unhealthy : EXIT.ok;

async function examineOne(
  workshop: Workshop,
  grant: string,
  now: number,
): Promise<CredentialHealth> {
  const { cookbook, recipes, memory } = workshop;
  const recipe = recipes.get(grant);
  const record = memory.state().credentials[grant];
  const common = { grant, use: "unknown" as const, reload: recipe?.reload ?? [] };
  if (recipe === undefined) {
    const why = cookbook.skipped.get(grant);
    if (why !== undefined) return { ...common, state: "skipped", note: why };
    return {
      ...common,
      state: "no recipe",
      note: `add ${grant}.yaml to ${workshop.recipesFolder}`,
    };
  }
  const standing = judge(memory.state(), grant, record, now);
  if (record === undefined) return { ...common, ...standing };
  return { ...common, ...standing, ...(await examineUse(recipe, record)) };
}

type Standing = Pick<CredentialHealth, "state" | "notAfter" | "next" | "serial" | "note">;

function judge(
  state: State,
  grant: string,
  record: CredentialRecord | undefined,
  now: number,
): Standing {
  const setback = state.setbacks[grant] ?? withdrawal(state, grant, now);
  const other = state.setbacks[reloadKey(grant)] ?? state.setbacks[bundleKey(grant)];
  const note = setback?.message ?? other?.message;
  const said = note === undefined ? {} : { note };
  if (record === undefined) {
    return { state: setbackState(setback) ?? "missing", ...nextOf(setback), ...said };
  }
  const notAfter = Date.parse(record.notAfter);
  const offer = state.offers.find((each) => each.grant === grant);
  const due = dueAt(state.node, record, offer);
  const next = setback === undefined ? { next: due } : nextOf(setback);
  const facts = { notAfter, serial: record.serial, ...next, ...said };
  if (notAfter <= now) return { ...facts, state: "expired" };
  return { ...facts, state: setbackState(setback) ?? (due <= now ? "due" : "ok") };
}

/** A grant that is not given any more stands like one that was refused. */
function withdrawal(
  state: State,
  grant: string,
  now: number,
): Pick<Setback, "code" | "message" | "next"> | undefined {
  if (!withdrawnGrants(state).includes(grant)) return undefined;
  const refused = state.refused.find((each) => each.grant === grant)?.problem;
  const message = refused?.detail ?? "the policy does not give it to this node any more";
  return { code: "policy.not_granted", message, next: formatTime(refreshDueAt(state, now)) };
}

const nextOf = (setback: Pick<Setback, "next"> | undefined) =>
  setback === undefined ? {} : { next: Date.parse(setback.next) };

function setbackState(
  setback: Pick<Setback, "code"> | undefined,
): "denied" | "retrying" | undefined {
  if (setback === undefined) return undefined;
  return isDenial(setback.code) ? "denied" : "retrying";
}

async function examineUse(
  recipe: Recipe,
  record: CredentialRecord,
): Promise<Pick<CredentialHealth, "use" | "address">> {
  if (recipe.probe === undefined) return { use: "unknown" };
  const address = addressOf(recipe.probe);
  const served = await probe(recipe.probe);
  if (served.state === "silent") return { use: "not running", address };
  return {
    use: isServed(served, Buffer.from(record.certificate, "base64")) ? "yes" : "old",
    address,
  };
}
