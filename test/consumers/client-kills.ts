import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatOutcome, type Cluster } from "../harness/cluster.ts";
import { run, type Outcome } from "../harness/command.ts";
import { FILE_CALLS, traceCalls, withFault } from "../harness/fault.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import {
  findLeftovers,
  findMismatched,
  findMissing,
  findPromised,
  findUnsound,
} from "./node-disk.ts";

/** keyclient's launcher. */
export const KEYCLIENT = join(CHECKOUT, "client/bin/keyclient");

/** System calls by which keyclient changes the disk. */
const CHANGING_CALLS = [
  ...FILE_CALLS.filter((call) => call !== "openat"),
  "mkdir",
  "link",
  "fchown",
  "fchmod",
] as const;

/** The `at`-th call of `call` that each thread makes; `line` is how strace writes it. */
export type KillPoint = { readonly call: string; readonly at: number; readonly line: string };

/** What is killed: a command on a machine, and what makes good what it left. */
export type Victim = {
  /** `--root` of the machine. */
  readonly root: string;
  readonly args: readonly string[];
  /** The command to repeat where the machine has not joined. */
  readonly again: readonly string[];
};

/** Every point at which a command can be killed, found by running it once. */
export async function listKillPoints(victim: Victim): Promise<readonly KillPoint[]> {
  const { outcome, lines } = await traceCalls(CHANGING_CALLS, [KEYCLIENT, ...argsOf(victim)], {
    timeout: 60,
  });
  if (outcome.code !== 0) throw new Error(formatOutcome(outcome));
  return CHANGING_CALLS.flatMap((call) => {
    const made = lines.filter((line) => line.startsWith(`${call}(`));
    return made.map((line, index) => ({ call, at: index + 1, line }));
  });
}

/** Moments at which the most is at stake, as strace writes them. */
const MOMENTS = [
  // the lock's file is written and the lock is not taken
  /^link\(/,
  // a renewal is about to be promised, with its key
  /^rename\(".*\/\.etcd-server\.json\./,
  // the key is new and its certificate is old
  /^rename\(".*\/\.(?:server|peer)\.crt\./,
];

/** The moments at which the most is at stake, and `count` more points spread over all; the same ones each time. */
export const sampleOf = (points: readonly KillPoint[], count: number): readonly KillPoint[] => [
  ...points.filter(({ line }) => MOMENTS.some((moment) => moment.test(line))),
  ...spread(points, count),
];

function spread<T>(all: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, all.length / count);
  return all.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
}

/** What a kill came to. `faults` is empty when everything held. */
export type Verdict = { readonly wasHit: boolean; readonly faults: readonly string[] };

/**
 * Kills a command at a point and looks at the disk: straight after it, after a run without a
 * network, and after the command was repeated.
 */
export async function killAt(victim: Victim, { call, at }: KillPoint): Promise<Verdict> {
  const [file = "", ...args] = withFault({ calls: [call], at, effect: { signal: "KILL" } }, [
    KEYCLIENT,
    ...argsOf(victim),
  ]);
  const { code } = await run(file, args, { timeout: 60 });
  const faults = [
    ...(await straightAfter(victim)),
    ...(await withoutNetwork(victim)),
    ...(await afterAll(victim)),
  ];
  return { wasHit: code !== 0, faults };
}

const argsOf = ({ root, args }: Pick<Victim, "root" | "args">): readonly string[] => [
  ...args,
  "--root",
  root,
];

/** A pair that does not fit is allowed where its repair is promised, and nowhere else. */
async function straightAfter({ root }: Victim): Promise<readonly string[]> {
  const promised = new Set(findPromised(root));
  const lost = (await findMismatched(root)).filter((grant) => !promised.has(grant));
  return [
    ...findUnsound(root).map((fault) => `killed: ${fault}`),
    ...lost.map((grant) => `killed: key and certificate of ${grant} do not fit, unpromised`),
  ];
}

async function withoutNetwork({ root }: Victim): Promise<readonly string[]> {
  if (!hasJoined(root)) return [];
  await run("unshare", ["--net", KEYCLIENT, "once", "--root", root], { timeout: 60 });
  return [
    ...findUnsound(root).map((fault) => `without network: ${fault}`),
    ...(await findMismatched(root)).map((grant) => `without network: ${grant} does not fit`),
    // A run with nothing to do takes no lock, and so does not look for what is left of one.
    ...findLeftovers(root)
      .filter((file) => !file.includes("/keyclient/lock"))
      .map((left) => `without network: ${left} is left`),
  ];
}

async function afterAll(victim: Victim): Promise<readonly string[]> {
  const { root, again } = victim;
  const outcome = await repair(hasJoined(root) ? ["renew", "--all"] : again, root);
  return [
    ...(outcome.code === 0 ? [] : [`afterwards: ${formatOutcome(outcome)}`]),
    ...findUnsound(root),
    ...(await findMismatched(root)).map((grant) => `afterwards: ${grant} does not fit`),
    ...findMissing(root).map((grant) => `afterwards: ${grant} is missing`),
    ...findLeftovers(root).map((left) => `afterwards: ${left} is left`),
  ];
}

const repair = (args: readonly string[], root: string): Promise<Outcome> =>
  run(KEYCLIENT, argsOf({ args, root }), { timeout: 60 });

const hasJoined = (root: string): boolean => existsSync(join(root, "etc/keysystem/client.yaml"));

/** A machine that was never here before, about to join as m1; `name` is a folder's. */
export async function freshJoin(cluster: Cluster, name: string): Promise<Victim> {
  const args = ["join", await cluster.admit("m1")];
  return { root: cluster.nodeRoot(name), args, again: args };
}

/** A machine that has joined as m1, about to renew everything. */
export async function joinedRenewal(cluster: Cluster, name: string): Promise<Victim> {
  const { root, args } = await freshJoin(cluster, name);
  const outcome = await repair(args, root);
  if (outcome.code !== 0) throw new Error(formatOutcome(outcome));
  return { root, args: ["renew", "--all"], again: [] };
}
