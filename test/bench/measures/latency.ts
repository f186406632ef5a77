import { runAuthorityLoad } from "../context.ts";
import { quantileOf } from "../load/run-load.ts";
import type { Measure } from "../measure.ts";
import { createTlsBatches } from "../requests.ts";

/** `latency.*`: of batches of 8 that come at half the rate that `issue.kept.8` reached. */
export const latency: Measure = {
  names: ["latency.p50", "latency.p99"],
  async run(context) {
    const rate = (await context.load("kept.8")).rate / 2;
    const load = { batches: createTlsBatches(8), connection: "keep", rate } as const;
    const { latencies, failure } = await runAuthorityLoad(context, load);
    if (failure !== undefined) throw new Error(`latency: ${failure}`);
    const detail = `batches of 8, ${Math.round(rate)} batches/s`;
    const figure = (quantile: number) => ({
      value: quantileOf(latencies, quantile),
      unit: "ms",
      detail,
    });
    return { "latency.p50": figure(0.5), "latency.p99": figure(0.99) };
  },
};
