import { join } from "node:path";
import { createVitest, type TestModule, type TestSpecification, type Vitest } from "vitest/node";
import { CHECKOUT } from "../harness/source-tree.ts";
import type { Mutant } from "./find.ts";
import { instrument } from "./instrument.ts";
import { QUICK } from "./scope.ts";

/** Which tests reach what, and how long their files take. */
export type Reach = {
  readonly file: string;
  readonly milliseconds: number;
  /** Mutants that are reached by loading the file. */
  readonly loaded: ReadonlySet<number>;
  /** For each test, by its number in the file. */
  readonly tests: ReadonlyMap<number, ReadonlySet<number>>;
};

/** The tests of one file, by their numbers; none: all of them. */
export type Selection = { readonly file: string; readonly tests: readonly number[] };
/** How a mutant went; `by`: the file whose test noticed it. */
export type Verdict =
  { readonly verdict: "killed"; readonly by: string } | { readonly verdict: "survived" };

/** One test runner over the instrumented sources. */
export type Session = AsyncDisposable & {
  /** Runs every test once without a mutant; throws when one fails. */
  readonly measure: (tell: (reach: Reach) => void) => Promise<readonly Reach[]>;
  /** Runs the selected tests under a mutant, up to the first that fails. */
  readonly judge: (mutant: number, selections: readonly Selection[]) => Promise<Verdict>;
};

/** Prepares the runner; `files` are paths of tests in the checkout. */
export async function startSession(
  files: readonly string[],
  mutants: readonly Mutant[],
): Promise<Session> {
  const runner = await createRunner(files, mutants);
  const specifications = await runner.globTestSpecifications();
  const specificationOf = (file: string): TestSpecification => {
    const found = specifications.find(({ moduleId }) => moduleId === join(CHECKOUT, file));
    if (found === undefined) throw new TypeError(`no such test: ${file}`);
    return found;
  };
  const run = async (file: string, mutant: number, tests: readonly number[]) => {
    process.env["MUTANT"] = String(mutant);
    process.env["MUTANT_TESTS"] = tests.join(",");
    const { testModules } = await runner.runTestSpecifications([specificationOf(file)]);
    const module = testModules.find(({ moduleId }) => moduleId === join(CHECKOUT, file));
    if (module === undefined) throw new TypeError(`did not run: ${file}`);
    return module;
  };
  return {
    measure: async (tell) => {
      const reaches: Reach[] = [];
      for (const file of files) {
        const reach = reachOf(file, await run(file, -1, []));
        reaches.push(reach);
        tell(reach);
      }
      return reaches;
    },
    judge: async (mutant, selections) => {
      for (const { file, tests } of selections)
        if (!(await run(file, mutant, tests)).ok()) return { verdict: "killed", by: file };
      return { verdict: "survived" };
    },
    [Symbol.asyncDispose]: () => runner.close(),
  };
}

function createRunner(files: readonly string[], mutants: readonly Mutant[]): Promise<Vitest> {
  const byPath = Map.groupBy(mutants, ({ path }) => join(CHECKOUT, path));
  const plugin = {
    name: "mutants",
    enforce: "pre",
    transform: (text: string, id: string) => {
      const own = byPath.get(id);
      return own === undefined ? undefined : { code: instrument(text, own), map: null };
    },
  } as const;
  const options = {
    root: CHECKOUT,
    watch: false,
    bail: 1,
    maxWorkers: 1,
    pool: "threads",
    setupFiles: join(CHECKOUT, "test/mutants/setup.ts"),
    testTimeout: 120_000,
    testNamePattern: QUICK,
    // It would hand out sources that were instrumented for other numbers.
    fsModuleCache: false,
    update: false,
  } as const;
  return createVitest(
    "test",
    { ...options, include: [...files], reporters: [{}] },
    { plugins: [plugin] },
  );
}

function reachOf(file: string, module: TestModule): Reach {
  const tests = [...module.children.allTests()].filter((test) => test.result().state !== "skipped");
  const failed = tests.find((test) => !test.ok());
  if (!module.ok() || failed !== undefined)
    throw new TypeError(`fails without a mutant: ${file} ${failed?.fullName ?? ""}`);
  const metas = tests.map((test): object => test.meta());
  const numbersIn = (meta: object, key: string): readonly number[] => {
    const value: unknown = Object.getOwnPropertyDescriptor(meta, key)?.value;
    return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "number");
  };
  return {
    file,
    milliseconds: module.diagnostic().duration,
    loaded: new Set(metas.flatMap((meta) => numbersIn(meta, "loaded"))),
    tests: new Map(
      metas.map((meta) => [numbersIn(meta, "number")[0] ?? 0, new Set(numbersIn(meta, "reached"))]),
    ),
  };
}
