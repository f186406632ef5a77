import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createBoundedPool } from "../../../server/authenticate/bounded-pool.ts";

const LIMITS = { what: "jobs", running: 2, waiting: 3, deadline: 5, late: () => new Error("late") };

/** A job that ends when it is told to. */
function createJob() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const job = { started: false, resolve, reject, run: () => ((job.started = true), promise) };
  return job;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a bounded pool", () => {
  test("gives what jobs give and throw", async () => {
    const pool = createBoundedPool(LIMITS);
    expect(await pool(() => Promise.resolve("done"))).toBe("done");
    await expect(pool(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    const thrown = (): Promise<string> => {
      throw new TypeError("at once");
    };
    await expect(pool(thrown)).rejects.toThrow("at once");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("runs so many at once, the rest in turn, and refuses one more", async () => {
    const pool = createBoundedPool(LIMITS);
    const jobs = Array.from({ length: 5 }, createJob);
    const results = jobs.map(({ run }) => pool(run));
    expect(jobs.map(({ started }) => started)).toEqual([true, true, false, false, false]);
    await expect(pool(createJob().run)).rejects.toMatchObject({
      code: "server.busy",
      message: "jobs: 2 are being checked and 3 wait, which is the limit; try again in a second",
    });
    jobs[1]?.resolve("b");
    await results[1];
    await turn();
    expect(jobs.map(({ started }) => started)).toEqual([true, true, true, false, false]);
    for (const { resolve } of jobs) resolve("x");
    expect(await Promise.all(results)).toEqual(["x", "b", "x", "x", "x"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("has room again after failures", async () => {
    const pool = createBoundedPool({ ...LIMITS, waiting: 0 });
    for (let round = 0; round < 10; round += 1) {
      const failed = pool(() => Promise.reject(new Error("failed")));
      await expect(failed).rejects.toThrow("failed");
      await turn();
    }
    expect(await pool(() => Promise.resolve("done"))).toBe("done");
  });

  test("answers within the deadline, and keeps the place of what goes on", async () => {
    const pool = createBoundedPool({ ...LIMITS, waiting: 0 });
    const jobs = [createJob(), createJob()];
    const results = jobs.map(({ run }) => expect(pool(run)).rejects.toThrow("late"));
    vi.advanceTimersByTime(4999);
    await expect(pool(createJob().run)).rejects.toMatchObject({ code: "server.busy" });
    vi.advanceTimersByTime(1);
    await Promise.all(results);
    // Nobody waits for them any more, but they still run.
    await expect(pool(createJob().run)).rejects.toMatchObject({ code: "server.busy" });
    jobs[0]?.resolve("too late");
    await turn();
    expect(await pool(() => Promise.resolve("done"))).toBe("done");
  });

  test("does not start what waited past its deadline", async () => {
    const pool = createBoundedPool({ ...LIMITS, running: 1 });
    const [first, second, third] = [createJob(), createJob(), createJob()];
    const results = [first, second].map(({ run }) => expect(pool(run)).rejects.toThrow("late"));
    vi.advanceTimersByTime(3000);
    const last = pool(third.run);
    vi.advanceTimersByTime(2000);
    await Promise.all(results);
    first.resolve("too late");
    await turn();
    expect([second.started, third.started]).toEqual([false, true]);
    third.resolve("in time");
    expect(await last).toBe("in time");
  });

  test("gives the places of those who gave up to others", async () => {
    const pool = createBoundedPool({ ...LIMITS, running: 1 });
    const stalled = Array.from({ length: 4 }, createJob);
    const results = stalled.map(({ run }) => expect(pool(run)).rejects.toThrow("late"));
    vi.advanceTimersByTime(5000);
    await Promise.all(results);
    const waiting = pool(() => Promise.resolve("done"));
    stalled[0]?.reject(new Error("failed long after"));
    expect(await waiting).toBe("done");
  });
});
