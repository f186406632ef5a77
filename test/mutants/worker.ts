import { Type } from "typebox";
import { Value } from "typebox/value";
import { findAllMutants, TESTS } from "./scope.ts";
import { startSession } from "./session.ts";

/** One job: a mutant and the tests that reach it. */
const Job = Type.Object({
  mutant: Type.Integer(),
  selections: Type.Array(Type.Object({ file: Type.String(), tests: Type.Array(Type.Integer()) })),
});

/** A process of its own, so that a mutant that never ends can be ended: judges one job after the other. */
async function main(): Promise<void> {
  const session = await startSession(TESTS, findAllMutants());
  process.on("message", (message: unknown) => {
    const { mutant, selections } = Value.Parse(Job, message);
    void session
      .judge(mutant, selections)
      .then((verdict) => process.send?.(verdict))
      .catch((cause: unknown) => {
        throw cause;
      });
  });
  // The runner would outlive whoever asks.
  process.on("disconnect", () => process.exit());
  process.send?.({ verdict: "ready" });
}

await main();
