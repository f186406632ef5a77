import { join } from "node:path";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { cpuSeconds } from "../harness/process-table.ts";
import { type Daemon, startDaemon } from "../harness/process.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { isListening } from "../harness/unix-request.ts";
import { waitFor } from "../harness/wait.ts";

/** An authority whose two processes are started apart, as systemd does: each can be killed by itself. */
export type ApartCluster = Cluster & { readonly signer: Daemon };

const KEYSIGNER = join(CHECKOUT, "keys/signer/main.ts");

/** Makes an authority and starts keysigner, then keyserver. */
export async function startApart(): Promise<ApartCluster> {
  const cluster = await createCluster();
  const { folder, root } = cluster;
  const signer = startDaemon(process.execPath, [KEYSIGNER, "--root", root], {
    log: join(folder, "keysigner.log"),
  });
  await waitFor("keysigner", () => isListening(join(root, "run/keysystem/signer.sock")), 30);
  await cluster.start();
  const dispose = async (): Promise<void> => {
    await signer.stop();
    await cluster.dispose();
  };
  return { ...cluster, signer, dispose, [Symbol.asyncDispose]: dispose };
}

/** CPU seconds in which keyserver has to be ready, Node.js's own start of half a second with it. */
const START_BUDGET = 2.5;

/** Starts a keyserver that was killed. @throws Error when it needs more than its time */
export async function restart(cluster: Cluster): Promise<void> {
  const { pid } = await cluster.start();
  const used = cpuSeconds(pid);
  if (used > START_BUDGET) throw new Error(`keyserver was ready after ${used} s of CPU`);
}
