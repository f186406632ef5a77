import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { targetsOf, type Cookbook } from "../recipe/cookbook.ts";
import { codeOfError } from "../terminal/failure.ts";
import { isDenial } from "./back-off.ts";
import { stampOf } from "./idle.ts";
import { reloadKey } from "./memory.ts";
import type { Paths } from "./paths.ts";
import { refreshDueAt } from "./refresh.ts";
import { dueAt } from "./schedule.ts";
import type { State } from "./state.ts";

/** Milliseconds that a reload which was not finished waits for its next try at least. */
const SOON = 60_000;

/**
 * When there is something to do next, in milliseconds since 1970.
 *
 * @param now the same
 */
export function wakeAt(state: State, cookbook: Cookbook, now: number): number {
  const times = [refreshDueAt(state)];
  for (const offer of state.offers) {
    const { grant } = offer;
    if (grant !== state.identity && !cookbook.recipes.has(grant)) continue;
    const held = Date.parse(state.setbacks[grant]?.next ?? "");
    const record = state.credentials[grant];
    const due = record === undefined ? now + SOON : dueAt(state.node, record, offer);
    // A setback says when to try again, whatever the certificate's own time is.
    times.push(Number.isNaN(held) ? due : held);
    if (record?.reload === "due") times.push(now + SOON);
    const reload = Date.parse(state.setbacks[reloadKey(grant)]?.next ?? "");
    if (!Number.isNaN(reload)) times.push(reload);
  }
  return Math.max(now + 1000, Math.min(...times));
}

/** Every file whose change is a reason to look again before `wake`. */
export function stampsOf(
  paths: Paths,
  shipped: string,
  cookbook: Cookbook,
  state: State,
  recipesFolder: string,
): State["stamps"] {
  const targets = [...cookbook.recipes.values()].flatMap((recipe) => [
    ...(state.credentials[recipe.grant] === undefined ? [] : targetsOf(recipe)),
    ...recipe.bundles.map(({ file }) => file),
  ]);
  const watched = [
    paths.config,
    paths.trust,
    paths.passwd,
    paths.group,
    recipesFolder,
    ...filesIn(recipesFolder),
    shipped,
    ...filesIn(shipped),
    ...targets.map((target) => join(paths.root, target)),
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

/** The exit code that the state stands for (EXPERIENCE: a truthful one), worst first. */
export function exitOf(state: State, cookbook: Cookbook, now: number): ExitCode {
  const granted = new Set(state.offers.map(({ grant }) => grant));
  const records = Object.values(state.credentials).filter(({ grant }) => granted.has(grant));
  const setbacks = Object.entries(state.setbacks).filter(([key]) => granted.has(grantOf(key)));
  const hasExpired = records.some(({ notAfter }) => Date.parse(notAfter) <= now);
  const isBroken = setbacks.some(([, { code }]) => code === "local");
  if (hasExpired || isBroken || cookbook.problems.length > 0) return EXIT.unhealthy;
  if (state.refresh !== undefined) return EXIT.unreachable;
  if (setbacks.some(([, { code }]) => isDenial(code))) return EXIT.denied;
  return setbacks.length > 0 ? EXIT.unreachable : EXIT.ok;
}

const grantOf = (key: string): string => key.split("#")[0] ?? key;
