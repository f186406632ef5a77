import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
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

/** What a process answers; `endless` stands for none. */
const Answer = Type.Object({ verdict: Type.String(), by: Type.Optional(Type.String()) });
type Answer = Static<typeof Answer>;
const ENDLESS: Answer = { verdict: "endless" };

/** What became of one mutant; `by`: the file whose test noticed it. */
export type Outcome = {
  readonly mutant: Mutant;
  readonly isKilled: boolean;
  readonly by?: string;
};

/** Judges mutants with so many processes until there are no more, or no more time; `tell` hears of each. */
export async function judgeAll(
  mutants: readonly Mutant[],
  reaches: readonly Reach[],
  processes: number,
  { tell, isOver }: { tell: (outcome: Outcome) => void; isOver: () => boolean },
): Promise<void> {
  const queue = mutants.values();
  const killers = new Map<string, string>();
  const work = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    const attempt = async (job: Job): Promise<Answer> => {
      child ??= await startChild();
      child.send(job);
      const answer = await answerOf(child);
      if (answer !== ENDLESS) return answer;
      child.kill("SIGKILL");
      child = undefined;
      return answer;
    };
    for (const mutant of queue) {
      if (isOver()) break;
      const selections = selectTests(mutant, reaches);
      if (selections.length === 0) {
        tell({ mutant, isKilled: false });
        continue;
      }
      const job = { mutant: mutant.id, selections: likelyFirst(selections, mutant, killers) };
      const first = await attempt(job);
      // It may have ended for want of memory, or been slow beside others: once proves nothing.
      const { verdict, by } = first === ENDLESS ? await attempt(job) : first;
      if (by !== undefined) for (const near of placesOf(mutant)) killers.set(near, by);
      tell({ mutant, isKilled: verdict !== "survived", ...(by !== undefined && { by }) });
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: processes }, work));
}

const placesOf = ({ path }: Mutant): readonly string[] => [dirname(path), path];

/** First the files that noticed a neighbour: most mutants are killed at once, and the rest cost the same. */
function likelyFirst(
  selections: readonly Selection[],
  mutant: Mutant,
  killers: ReadonlyMap<string, string>,
): readonly Selection[] {
  const near = placesOf(mutant).map((place) => killers.get(place) ?? "");
  return selections.toSorted((a, b) => near.indexOf(b.file) - near.indexOf(a.file));
}

async function startChild(): Promise<ChildProcess> {
  const child = fork(new URL("worker.ts", import.meta.url), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const { verdict } = await answerOf(child);
  if (verdict !== "ready") throw new TypeError(`a process did not start: ${verdict}`);
  return child;
}

/** The next answer; `endless` when none comes, or when the process ends instead. */
async function answerOf(child: ChildProcess): Promise<Answer> {
  const settled = new AbortController();
  const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(PATIENCE)]);
  const ended = once(child, "exit", { signal }).then(() => ENDLESS);
  const answered = once(child, "message", { signal }).then(([message]: unknown[]) =>
    Value.Parse(Answer, message),
  );
  try {
    return await Promise.any([answered, ended]);
  } catch {
    return ENDLESS;
  } finally {
    settled.abort();
  }
}
