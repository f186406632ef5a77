import { existsSync, readFileSync, statSync } from "node:fs";
import type { Paths } from "./paths.ts";

/** What the last run left for one that has nothing to do. */
export type Idle = { readonly wake: string; readonly exit: number };

/**
 * Whether nothing is due, from the state file alone: the next time to act is ahead, no file that
 * matters has changed, no run was cut short, and the clock was not set back. Undefined whenever
 * there is any doubt. Needs nothing but this module, so that a tick costs next to nothing.
 *
 * @param now milliseconds since 1970
 */
export function findIdle(paths: Paths, now: number): Idle | undefined {
  if (existsSync(paths.lock)) return undefined;
  const state = readState(paths.state);
  if (state === undefined) return undefined;
  const { wake, written, exit, stamps } = state;
  if (typeof wake !== "string" || typeof written !== "string" || typeof exit !== "number") {
    return undefined;
  }
  const isAhead = Date.parse(wake) > now && Date.parse(written) <= now;
  return isAhead && Array.isArray(stamps) && stamps.every(isUnchanged) ? { wake, exit } : undefined;
}

/** A mark that changes when the file at `path` does; empty when there is none. */
export function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return "";
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, stats.mode, stats.uid].join(":");
}

function isUnchanged(entry: unknown): boolean {
  if (!isRecord(entry)) return false;
  const { path, stamp } = entry;
  return typeof path === "string" && typeof stamp === "string" && stampOf(path) === stamp;
}

function readState(file: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
