import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EXIT } from "../../protocol/exit-codes.ts";
import { explainSystemError } from "../files/refusal.ts";
import { codeOfError, Failure } from "../terminal/failure.ts";

/** Runs `work` while nobody else holds the lock at `path`. @throws Failure when somebody does. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  takeLock(path);
  try {
    sweepLocks(path);
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

const ATTEMPTS = 3;

function takeLock(path: string): void {
  const mine = `${path}.${process.pid}`;
  try {
    writeMine(mine);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (claim(mine, path)) return;
      if (isHeld(path)) throw heldBy(path);
      // Left behind by a keyclient that was killed. Only one of several finders can move it away.
      setAside(path, `${mine}.stale`);
    }
    throw heldBy(path);
  } finally {
    rmSync(mine, { force: true });
  }
}

function writeMine(mine: string): void {
  try {
    writeFileSync(mine, nameOf(process.pid) ?? "", { mode: 0o600 });
  } catch (error) {
    throw explainSystemError(mine, error);
  }
}

function claim(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (codeOfError(error) === "EEXIST") return false;
    throw error;
  }
}

function setAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOfError(error) !== "ENOENT") throw error;
  }
  // Another finder was faster and its new lock was moved: it is put back.
  if (isHeld(aside)) claim(aside, path);
  rmSync(aside, { force: true });
}

/** Removes what keyclients that were killed while they took the lock have left beside it. */
function sweepLocks(path: string): void {
  const folder = dirname(path);
  const beginning = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(beginning)) continue;
    const pid = Number.parseInt(name.slice(beginning.length), 10);
    if (nameOf(pid) === undefined) rmSync(join(folder, name), { force: true });
  }
}

const heldBy = (path: string): Failure =>
  new Failure(
    EXIT.unreachable,
    `somebody else is at work here (process ${holderOf(path)}, ${path})`,
    ["wait for it to end, then run the same command again"],
  );

/** For people: the holder may have ended since. */
const holderOf = (path: string): string => readText(path)?.split(" ")[0] ?? "unknown";

function isHeld(path: string): boolean {
  const holder = readText(path);
  const pid = Number.parseInt(holder ?? "", 10);
  return Number.isSafeInteger(pid) && nameOf(pid) === holder;
}

/** A process as `pid start-time` (proc(5), field 22), so that a reused pid is another process. */
function nameOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may contain anything.
  const rest = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return rest?.[19] === undefined ? undefined : `${pid} ${rest[19]}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOfError(error) === "ENOENT" || codeOfError(error) === "ESRCH") return undefined;
    throw error;
  }
}
