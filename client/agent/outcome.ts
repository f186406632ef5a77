import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { targetsOf, type Cookbook, type RecipeFolders } from "../recipe/cookbook.ts";
import { codeOfError } from "../terminal/failure.ts";
import { isDenial, triedAgainAt } from "./back-off.ts";
import { stampOf } from "./idle.ts";
import { grantOf } from "./memory.ts";
import type { Paths } from "./paths.ts";
import { refreshDueAt, withdrawnGrants } from "./refresh.ts";
import { dueAt } from "./schedule.ts";
import type { State } from "./state.ts";

/** Milliseconds until a run looks again at what should have been done in this one. */
const SOON = 60_000;

/**
 * When there is something to do next, in milliseconds since 1970.
 *
 * @param now the same
 */
export function wakeAt(state: State, cookbook: Cookbook, now: number): number {
  const { offers, setbacks, credentials, refresh } = state;
  const kept = offers.filter(
    ({ grant }) => grant === state.identity || cookbook.recipes.has(grant),
  );
  // A setback says when to try again, whatever the certificate's own time is; and while no
  // exchange succeeds, nothing else is waited for.
  const dues = kept.map((offer) => {
    const record = credentials[offer.grant];
    const isHeld = setbacks[offer.grant] !== undefined || refresh !== undefined;
    if (isHeld) return Infinity;
    return record === undefined ? now + SOON : dueAt(state.node, record, offer);
  });
  const tries = Object.values(setbacks).map((setback) => triedAgainAt(setback, now));
  const isUntold = Object.values(credentials).some(({ reload }) => reload === "due");
  const times = [refreshDueAt(state, now), ...dues, ...tries, ...(isUntold ? [now + SOON] : [])];
  return Math.max(now + 1000, Math.min(...times));
}

/** Every file whose change is a reason to look again before `wake`. */
export function stampsOf(
  { paths, shipped, local }: RecipeFolders & { readonly paths: Paths },
  cookbook: Cookbook,
  state: State,
): State["stamps"] {
  const targets = [...cookbook.recipes.values()]
    .filter(({ grant }) => state.credentials[grant] !== undefined)
    .flatMap((recipe) => [...targetsOf(recipe), ...recipe.bundles.map(({ file }) => file)]);
  const watched = [
    paths.config,
    paths.trust,
    paths.passwd,
    paths.group,
    local,
    shipped,
    ...filesIn(local),
    ...filesIn(shipped),
    ...[...targets, ...cookbook.needs].map((path) => join(paths.root, path)),
  ];
  return [...new Set(watched)].map((path) => ({ path, stamp: stampOf(path) }));
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return [];
    throw error;
  }
}

/** The exit code that the state stands for, worst first: a program that fails must not say 0. */
export function exitOf(state: State, cookbook: Cookbook, now: number): ExitCode {
  const held = Object.entries(state.setbacks);
  const codes = held
    .filter(([key]) => isKept(state, cookbook, grantOf(key)))
    .map(([, { code }]) => code);
  const hasExpired = Object.values(state.credentials).some(
    ({ grant, notAfter }) => isKept(state, cookbook, grant) && Date.parse(notAfter) <= now,
  );
  if (hasExpired || codes.includes("local") || cookbook.problems.length > 0) return EXIT.unhealthy;
  if (state.refresh !== undefined) return EXIT.unreachable;
  if (codes.some(isDenial) || withdrawnGrants(state).length > 0) return EXIT.denied;
  return codes.length > 0 ? EXIT.unreachable : EXIT.ok;
}

const isKept = ({ offers, identity }: State, { recipes }: Cookbook, grant: string): boolean =>
  grant === identity || (recipes.has(grant) && offers.some((offer) => offer.grant === grant));
