import { startCluster } from "../harness/cluster.ts";
import { freshJoin, joinedRenewal, killAt, listKillPoints, type Victim } from "./client-kills.ts";
import { CONSUMER_POLICY } from "./policy.ts";

/**
 * Kills keyclient at every single call by which it changes the disk: `npm run faults`, or one of
 * them with `npm run faults -- join` and `-- renewal`. It takes a quarter of an hour.
 */
async function main(only: string | undefined): Promise<void> {
  const names = { cluster: "hyades", domain: "hyades.test" };
  await using cluster = await startCluster({ policy: CONSUMER_POLICY, ...names });
  if (only !== "join") {
    const victim = await joinedRenewal(cluster, "renewal");
    await killEverywhere("renewal", () => Promise.resolve(victim));
  }
  if (only !== "renewal") {
    let next = 0;
    await killEverywhere("join", () => freshJoin(cluster, `join-${(next += 1)}`));
  }
}

async function killEverywhere(what: string, next: () => Promise<Victim>): Promise<void> {
  const points = await listKillPoints(await next());
  let hits = 0;
  for (const point of points) {
    const { wasHit, faults } = await killAt(await next(), point);
    hits += wasHit ? 1 : 0;
    for (const fault of faults) {
      process.exitCode = 1;
      process.stdout.write(`${what} ${point.call} ${point.at}, ${point.line}: ${fault}\n`);
    }
  }
  process.stdout.write(`${what}: killed at ${hits} of ${points.length} calls\n`);
}

await main(process.argv[2]);
