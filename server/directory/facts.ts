import { createAges } from "./age.ts";
import { type Directory, DirectoryError, type Entry, type PersonName } from "./directory.ts";
import { createHealth } from "./health.ts";

/** Seconds: how old an answer may be, and how old when the directory does not answer. From the policy. */
export type AgeLimits = { readonly maxAge: number; readonly useLast: number };

/** What is known of a person, with its age in seconds. */
export type Facts =
  | { readonly state: "answered" | "kept"; readonly entry: Entry; readonly age: number }
  | { readonly state: "absent"; readonly age: number }
  /** It answered, and from its answer nobody can tell who this is; asking again does not help. */
  | { readonly state: "unclear"; readonly why: string }
  /** `silent`: seconds since the directory last answered anything; absent when it never did. */
  | { readonly state: "unreachable"; readonly why: string; readonly silent?: number };

/** Finds facts, from memory where they are young enough. Never rejects: no answer is an answer here. */
export type FactFinder = (name: PersonName, limits: AgeLimits) => Promise<Facts>;

export type FactFinderDeps = {
  readonly directory: Pick<Directory, "findPerson">;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Seconds of a clock that nobody sets; this process's when absent. */
  readonly monotonic?: () => number;
};

/** People whose answers are kept; the ones asked about longest ago are forgotten. */
export const MOST_PEOPLE = 4096;

/** Counts from the question on, so that no answer is taken for younger than it is. */
type Answer = { readonly entry: Entry | undefined; readonly age: () => number };
type Asking = { readonly age: () => number; readonly answer: Promise<Answer> };

/** Creates a {@link FactFinder}. Concurrent questions about one person are one question. */
export function createFactFinder(deps: FactFinderDeps): FactFinder {
  const ages = createAges(deps);
  const health = createHealth(ages);
  const memory = createMemory();
  const asking = new Map<string, Asking>();

  async function ask(key: string, name: PersonName, age: () => number): Promise<Answer> {
    try {
      const answer = { entry: await deps.directory.findPerson(name), age };
      health.answered();
      memory.set(key, answer);
      return answer;
    } catch (error) {
      const concern = error instanceof DirectoryError ? error.concern : "directory";
      if (concern === "directory") health.failed(explain(error), age());
      if (concern === "person") {
        // It answered, and what it said of this person before is no longer so.
        health.answered();
        memory.delete(key);
      }
      throw error;
    }
  }

  function share(key: string, name: PersonName, { maxAge }: AgeLimits): Promise<Answer> {
    const current = asking.get(key);
    if (current !== undefined && current.age() <= maxAge) return current.answer;
    const age = ages.start();
    const answer = ask(key, name, age).finally(() => {
      if (asking.get(key)?.answer === answer) asking.delete(key);
    });
    asking.set(key, { age, answer });
    return answer;
  }

  function withoutAnswer(key: string, why: string, { useLast }: AgeLimits): Facts {
    const kept = memory.get(key);
    if (kept !== undefined && kept.age() <= useLast) return factsOf(kept, "kept");
    const silent = health.silent();
    return { state: "unreachable", why, ...(silent === undefined ? {} : { silent }) };
  }

  return async (name, limits) => {
    const key = keyOf(name);
    const known = memory.get(key);
    if (known !== undefined && known.age() <= limits.maxAge) return factsOf(known, "answered");
    const outage = health.outage();
    if (outage !== undefined) return withoutAnswer(key, outage, limits);
    try {
      return factsOf(await share(key, name, limits), "answered");
    } catch (error) {
      if (error instanceof DirectoryError && error.concern === "person") {
        return { state: "unclear", why: error.message };
      }
      return withoutAnswer(key, explain(error), limits);
    }
  };
}

const keyOf = (name: PersonName): string =>
  JSON.stringify(
    name.kind === "user" ? ["user", name.user] : ["principal", name.principal, name.primary],
  );

function factsOf({ entry, age }: Answer, state: "answered" | "kept"): Facts {
  return entry === undefined ? { state: "absent", age: age() } : { state, entry, age: age() };
}

const explain = (error: unknown): string =>
  error instanceof DirectoryError ? error.message : "the directory cannot be asked";

type Memory = Pick<Map<string, Answer>, "get" | "delete"> & {
  readonly set: (key: string, answer: Answer) => void;
};

function createMemory(): Memory {
  const answers = new Map<string, Answer>();
  return {
    get: (key) => answers.get(key),
    delete: (key) => answers.delete(key),
    set(key, answer) {
      const other = answers.get(key);
      if (other !== undefined && other.age() < answer.age()) return;
      answers.delete(key);
      answers.set(key, answer);
      const [oldest] = answers.keys();
      if (answers.size > MOST_PEOPLE && oldest !== undefined) answers.delete(oldest);
    },
  };
}
