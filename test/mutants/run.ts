import { parseArgs } from "node:util";
import { formatMutant, mutantKey, type Mutant } from "./find.ts";
import { EQUIVALENT } from "./equivalent.ts";
import { judgeAll, type Outcome } from "./judges.ts";
import { formatFigures } from "./figures.ts";
import { findAllMutants, TESTS } from "./scope.ts";
import { startSession, type Reach } from "./session.ts";

const USAGE = `usage: npm run mutants -- [--one-in N] [--minutes N] [--processes N] [--list] [PATH…]
  PATH         a file or folder of policy/ (default: all of it)
  --one-in     every Nth mutant only: a sample
  --minutes    stops after so long; what was judged by then is a fair sample
  --processes  how many at once (default: 2)
  --list       print the mutants and judge none
`;

/** An order in which neighbours are far apart: a run that is cut short has seen some of everything. */
const shuffled = ({ id }: Mutant): number => (id * 7919) % 10_007;

/** Makes one slip after the other in this checkout's policy/ and sees whether its tests notice. */
async function main(args: readonly string[]): Promise<void> {
  const { paths, oneIn, minutes, processes, list } = readArguments(args);
  const all = findAllMutants();
  const chosen = all
    .filter(({ path }) => paths.length === 0 || paths.some((prefix) => path.startsWith(prefix)))
    .filter((_, index) => index % oneIn === 0)
    .toSorted((a, b) => shuffled(a) - shuffled(b));
  const mutants = chosen.filter((mutant) => !EQUIVALENT.has(mutantKey(mutant)));
  if (mutants.length === 0) throw new TypeError(`no mutant in ${paths.join(", ")}\n${USAGE}`);
  if (list) return print(mutants.map(formatMutant));
  print([`${mutants.length} mutants; measuring which tests reach them`]);
  const outcomes = await judge(all, mutants, processes, minutes);
  print(["", ...formatFigures(outcomes)]);
}

async function judge(
  all: readonly Mutant[],
  mutants: readonly Mutant[],
  processes: number,
  minutes: number,
): Promise<readonly Outcome[]> {
  const session = await startSession(TESTS, all);
  const reaches = await session.measure(({ file, milliseconds }) =>
    print([`${file} takes ${Math.round(milliseconds)} ms`]),
  );
  await session[Symbol.asyncDispose]();
  await requireSurvival(all.length, reaches);
  const outcomes: Outcome[] = [];
  const end = performance.now() + minutes * 60_000;
  const tell = (outcome: Outcome): void => {
    outcomes.push(outcome);
    if (!outcome.isKilled) print([`survived  ${formatMutant(outcome.mutant)}`]);
    if (outcomes.length % 10 === 0) print([`${outcomes.length} of ${mutants.length}`]);
  };
  await judgeAll(mutants, reaches, processes, { tell, isOver: () => performance.now() > end });
  return outcomes;
}

/** A mutant that is nowhere must survive all the tests, or whatever kills it would kill others too. */
async function requireSurvival(id: number, reaches: readonly Reach[]): Promise<void> {
  const nowhere = { id, path: "", line: 0, start: 0, end: 0, original: "", replacement: "" };
  const everywhere = reaches.map((reach) => ({ ...reach, loaded: new Set([id]) }));
  const tell = ({ isKilled, by = "a process that gave no answer" }: Outcome): void => {
    if (isKilled) throw new TypeError(`a mutant that changes nothing was killed by ${by}`);
    print(["a mutant that changes nothing survives"]);
  };
  await judgeAll([nowhere], everywhere, 1, { tell, isOver: () => false });
}

function readArguments(args: readonly string[]) {
  const options = {
    "one-in": { type: "string", default: "1" },
    minutes: { type: "string", default: "600" },
    processes: { type: "string", default: "2" },
    list: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const oneIn = Number(values["one-in"]);
  const minutes = Number(values.minutes);
  const processes = Number(values.processes);
  if (!(oneIn >= 1 && minutes > 0 && processes >= 1)) throw new TypeError(USAGE);
  return { paths: positionals, oneIn, minutes, processes, list: values.list };
}

const print = (lines: readonly string[]): void =>
  void process.stdout.write(`${lines.join("\n")}\n`);

await main(process.argv.slice(2));
