import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Mutant } from "./find.ts";
import type { Reach, Selection } from "./session.ts";

/** Milliseconds after which a mutant counts as one that never ends. */
const PATIENCE = 300_000;

/** The tests that reach a mutant, quick files first; none when nothing does. */
export function selectTests(mutant: Mutant, reaches: readonly Reach[]): readonly Selection[] {
  return reaches
    .toSorted((a, b) => a.milliseconds - b.milliseconds)
    .flatMap(({ file, loaded, tests }) => {
      if (loaded.has(mutant.id)) return [{ file, tests: [] }];
      const numbers = [...tests].filter(([, reached]) => reached.has(mutant.id));
      return numbers.length === 0 ? [] : [{ file, tests: numbers.map(([number]) => number) }];
    });
}

type Job = { readonly mutant: number; readonly selections: readonly Selection[] };

/** What became of one mutant. */
export type Outcome = { readonly mutant: Mutant; readonly isKilled: boolean };

/** Judges mutants with so many processes until there are no more, or no more time; `tell` hears of each. */
export async function judgeAll(
  mutants: readonly Mutant[],
  reaches: readonly Reach[],
  processes: number,
  { tell, isOver }: { tell: (outcome: Outcome) => void; isOver: () => boolean },
): Promise<void> {
  const queue = mutants.values();
  const work = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    const attempt = async (job: Job): Promise<string> => {
      child ??= await startChild();
      child.send(job);
      const verdict = await answerOf(child);
      if (verdict !== "endless") return verdict;
      child.kill("SIGKILL");
      child = undefined;
      return verdict;
    };
    for (const mutant of queue) {
      if (isOver()) break;
      const selections = selectTests(mutant, reaches);
      if (selections.length === 0) {
        tell({ mutant, isKilled: false });
        continue;
      }
      const job = { mutant: mutant.id, selections };
      const first = await attempt(job);
      // It may have ended for want of memory, or been slow beside others: once proves nothing.
      const verdict = first === "endless" ? await attempt(job) : first;
      tell({ mutant, isKilled: verdict !== "survived" });
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: processes }, work));
}

async function startChild(): Promise<ChildProcess> {
  const child = fork(new URL("worker.ts", import.meta.url), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const verdict = await answerOf(child);
  if (verdict !== "ready") throw new TypeError(`a process did not start: ${verdict}`);
  return child;
}

/** The next answer; `endless` when none comes, or when the process ends instead. */
async function answerOf(child: ChildProcess): Promise<string> {
  const settled = new AbortController();
  const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(PATIENCE)]);
  const ended = once(child, "exit", { signal }).then(() => "endless");
  const answered = once(child, "message", { signal }).then(([message]: unknown[]) =>
    verdictIn(message),
  );
  try {
    return await Promise.any([answered, ended]);
  } catch {
    return "endless";
  } finally {
    settled.abort();
  }
}

const verdictIn = (message: unknown): string =>
  typeof message === "object" && message !== null && "verdict" in message
    ? String(message.verdict)
    : "endless";
