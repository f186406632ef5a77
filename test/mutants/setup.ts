import { afterEach, beforeEach } from "vitest";
import { SWITCH } from "./instrument.ts";

/** Runs in the process of the tests, before the instrumented sources are loaded. */

/** More questions than any one test asks of the sound sources: the mutant in force made a loop endless. */
const ENDLESS = 200_000_000;

const active = Number(process.env["MUTANT"] ?? "-1");
/** Numbers of the tests of this file that reach the mutant; all when there is no list. */
const wanted = process.env["MUTANT_TESTS"];
const reached = new Uint8Array(65_536);
let asked = 0;
let count = 0;

const recordReach = (id: number): boolean => {
  reached[id] = 1;
  return false;
};
const listReached = (): readonly number[] => [...reached.keys()].filter((id) => reached[id] === 1);
const isActive = (id: number): boolean => {
  if (++asked > ENDLESS) throw new RangeError("an endless loop");
  return id === active;
};
Object.assign(globalThis, { [SWITCH]: active === -1 ? recordReach : isActive });

beforeEach(({ task, skip }) => {
  asked = 0;
  const number = count++;
  if (wanted !== undefined && wanted !== "" && !wanted.split(",").includes(String(number))) skip();
  if (active !== -1) return;
  // What was reached before the first test is reached by loading the file: by all of them.
  if (number === 0) Object.assign(task.meta, { loaded: listReached() });
  Object.assign(task.meta, { number });
  reached.fill(0);
});

afterEach(({ task }) => {
  if (active === -1) Object.assign(task.meta, { reached: listReached() });
});
