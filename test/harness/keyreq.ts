import { hash, X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run, type CommandOptions, type Outcome } from "./command.ts";
import { formatOutcome } from "./cluster.ts";
import type { PeopleCluster, Person } from "./people.ts";
import { CHECKOUT } from "./source-tree.ts";
import { nodesAnchor } from "./test-node.ts";

const KEYREQ = join(CHECKOUT, "client/bin/keyreq");

/** Somebody's machine: a home of their own, and keyreq in it. */
export type Desk = {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs keyreq, whatever its exit code. */
  keyreq(args: readonly string[], options?: CommandOptions): Promise<Outcome>;
};

/** The pin of a cluster's authority, as `keyserver authority pin` prints it. */
export function pinOf({ cluster }: Pick<PeopleCluster, "cluster">): string {
  const { publicKey } = new X509Certificate(nodesAnchor(cluster));
  return `sha256:${hash("sha256", publicKey.export({ type: "spki", format: "der" }), "hex")}`;
}

/** A machine on which the cluster is set up; `person` undefined: somebody without a ticket. */
export async function makeDesk(
  people: PeopleCluster,
  name: string,
  person?: Person,
): Promise<Desk> {
  const home = join(people.cluster.folder, "homes", name);
  mkdirSync(home, { recursive: true });
  const nobody = { ...people.kdc.environment, KRB5CCNAME: `FILE:${join(home, "no-tickets")}` };
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    ...(person?.environment ?? nobody),
  };
  const desk: Desk = {
    home,
    environment,
    keyreq: (args, options = {}) => run(KEYREQ, args, { env: environment, ...options }),
  };
  const outcome = await desk.keyreq(["setup", people.url, "--pin", pinOf(people), "--yes"]);
  if (outcome.code !== 0) throw new Error(`setup failed\n${formatOutcome(outcome)}`);
  return desk;
}
