import type { Ages } from "./age.ts";

/** Whether a directory answers. */
export type Health = {
  answered(): void;
  /** A question that was asked `age` seconds ago got no answer. */
  failed(why: string, age: number): void;
  /** Why the directory is not to be asked now; undefined when it may be. */
  outage(): string | undefined;
  /** Seconds since it last answered anything; undefined when it never did. */
  silent(): number | undefined;
};

/** Seconds for which a directory that did not answer is left alone: an outage costs one waiting, not everyone's. */
const PAUSE = 1;

/** Creates {@link Health} of a directory that was never asked. */
export function createHealth(ages: Ages): Health {
  let failure: { readonly why: string; readonly age: () => number } | undefined;
  let lastAnswer: (() => number) | undefined;
  return {
    answered() {
      lastAnswer = ages.start();
      failure = undefined;
    },
    failed(why, age) {
      // One question that got stuck while others were answered is no outage.
      if (lastAnswer === undefined || lastAnswer() >= age) failure = { why, age: ages.start() };
    },
    outage: () => (failure !== undefined && failure.age() < PAUSE ? failure.why : undefined),
    silent: () => lastAnswer?.(),
  };
}
