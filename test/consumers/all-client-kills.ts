import { startCluster } from "../harness/cluster.ts";
import { freshJoin, joinedRenewal, killAt, listKillPoints, type Victim } from "./client-kills.ts";
import { CONSUMER_POLICY } from "./policy.ts";

/** Kills keyclient at every single call by which it changes the disk: `npm run faults`. */
async function main(): Promise<void> {
  const names = { cluster: "hyades", domain: "hyades.test" };
  await using cluster = await startCluster({ policy: CONSUMER_POLICY, ...names });
  let next = 0;
  const fresh = (): Promise<Victim> => freshJoin(cluster, `join-${(next += 1)}`);
  await killEverywhere("renewal", await onOne(await joinedRenewal(cluster, "renewal")));
  await killEverywhere("join", fresh);
}

const onOne = (victim: Victim): Promise<() => Promise<Victim>> =>
  Promise.resolve(() => Promise.resolve(victim));

async function killEverywhere(what: string, next: () => Promise<Victim>): Promise<void> {
  const points = await listKillPoints(await next());
  let hits = 0;
  for (const point of points) {
    const { wasHit, faults } = await killAt(await next(), point);
    hits += wasHit ? 1 : 0;
    for (const fault of faults) {
      process.exitCode = 1;
      process.stdout.write(`${what} ${point.call} ${point.at}: ${fault}\n`);
    }
  }
  process.stdout.write(`${what}: killed at ${hits} of ${points.length} calls\n`);
}

await main();
