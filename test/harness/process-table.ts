import { readFileSync } from "node:fs";

/** Process ids of the children of `pid`, theirs too. */
export function listDescendants(pid: number): readonly number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`);
  const children = text.split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...listDescendants(child)]);
}

/** CPU seconds that a process has used, its ended children not counted; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  const text = readProc(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** Peak resident memory of a process in MB (10⁶ bytes); 0 when it is gone. */
export function peakMegabytes(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`));
  return (Number(found?.[1] ?? 0) * 1024) / 1e6;
}

/** The words of a process's command line; empty when it is gone. */
export const commandLine = (pid: number): readonly string[] =>
  readProc(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
