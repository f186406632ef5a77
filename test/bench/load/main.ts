import { drive } from "./drive.ts";
import type { LoadMessage, LoadPlan } from "./plan.ts";

/** A load process: takes one plan from its parent, reports, ends. Ends too when the parent is gone. */
const send = (message: LoadMessage): void => {
  process.send?.(message);
};

process.on("disconnect", () => process.exit(0));
process.once("message", (plan: LoadPlan) => {
  drive(plan, () => send({ event: "begin" })).then(
    (report) => send({ event: "end", report }),
    (error: unknown) => send({ event: "broken", why: String(error) }),
  );
});
