import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ADMIN_PATHS } from "../../../protocol/paths.ts";
import { prepareSwap } from "../../../server/config/applied-copy.ts";
import { serverPaths } from "../../../server/config/paths.ts";
import { readPolicyFile } from "../../../server/config/policy-file.ts";
import type { PolicyTexts } from "../../../server/config/write-policy.ts";
import { askOverSocket } from "../../harness/unix-request.ts";
import { edit } from "../../unit/policy/example.ts";
import { runAuthorityLoad } from "../context.ts";
import { quantileOf } from "../load/run-load.ts";
import type { Context, Measure } from "../measure.ts";
import { createTlsBatches } from "../requests.ts";

/** Batches of 8 a second: far from what the server can do, so that what is seen is the reload alone. */
const RATE = 60;
/** Milliseconds between two reloads. */
const PAUSE = 400;

/** `policy.reload`: how much longer the slowest hundredth of the requests takes while policies are swapped. */
export const policyReload: Measure = {
  names: ["policy.reload"],
  async run(context) {
    const calm = await slowest(context);
    const { root } = (await context.authority()).cluster;
    const swapping = swapOften(root);
    const busy = await slowest(context).finally(() => swapping.stop());
    const reloads = await swapping.ended;
    return {
      "policy.reload": {
        value: busy - calm,
        unit: "ms",
        detail: `p99 ${busy.toFixed(1)} ms with ${reloads} reloads of 32 nodes, ${calm.toFixed(1)} ms without`,
      },
    };
  },
};

async function slowest(context: Context): Promise<number> {
  const load = { batches: createTlsBatches(8), connection: "keep", rate: RATE } as const;
  const { latencies, failure } = await runAuthorityLoad(context, load);
  if (failure !== undefined) throw new Error(`policy.reload: ${failure}`);
  return quantileOf(latencies, 0.99);
}

/** Puts two policies into force in turn, by the last step of `policy apply`, and the first again at the end. */
function swapOften(root: string): { readonly stop: () => void; readonly ended: Promise<number> } {
  const ending = new AbortController();
  const swapUntilStopped = async (): Promise<number> => {
    const { applied } = serverPaths(root);
    const first = readPolicyFile(applied);
    if (first instanceof Error) throw first;
    const second = { ...first, text: edit(first.text, "lifetime: 30d", "lifetime: 29d") };
    let count = 0;
    for (; !ending.signal.aborted || count % 2 === 1; count += 1) {
      await putIntoForce(root, count % 2 === 0 ? second : first);
      await sleep(PAUSE);
    }
    return count;
  };
  return { stop: () => ending.abort(), ended: swapUntilStopped() };
}

async function putIntoForce(root: string, texts: PolicyTexts): Promise<void> {
  const { applied } = serverPaths(root);
  const swap = prepareSwap(applied, texts);
  swap.forward();
  const socket = join(root, "run/keysystem/admin.sock");
  const { status, body } = await askOverSocket(socket, "POST", ADMIN_PATHS.policyReload);
  if (status !== 200) throw new Error(`policy.reload: ${body}`);
  swap.tidy();
}
