import { globSync, writeFileSync } from "node:fs";

/** A clock that programs started with `env` see instead of the machine's, and that can be moved while they run. */
export type FakeClock = {
  readonly env: Readonly<Record<string, string>>;
  /** Moves it to `offset` from the real one, as libfaketime writes it: `+400d`, `-2h`, `+90`, `+0`. */
  set(offset: string): void;
};

/**
 * Makes a fake clock that reads its offset from `file` (libfaketime, Debian package `libfaketime`).
 *
 * The monotonic clock stays real: with a faked one, timers stand still after a jump backwards.
 *
 * @throws Error when libfaketime is not installed.
 */
export function createFakeClock(file: string): FakeClock {
  const [library] = globSync("/usr/lib/*/faketime/libfaketime.so.1");
  if (library === undefined) throw new Error("libfaketime is missing: apt-get install libfaketime");
  writeFileSync(file, "+0\n");
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
    set: (offset) => writeFileSync(file, `${offset}\n`),
  };
}
