import type { FastifyBaseLogger } from "fastify";
import type { SignerClient } from "../../keys/signer/client.ts";
import type { ReadConfig } from "../config/read-config.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Serials } from "../ledger/serial.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import type { People } from "./people.ts";
import type { Metrics } from "./metrics.ts";
import type { InForce } from "./policy-in-force.ts";
import type { PolicyKeeper } from "./policy-keeper.ts";

/** What a running keyserver is made of. Only the composition in this folder sees all of it. */
export type Parts = {
  readonly paths: ServerPaths;
  readonly config: ReadConfig;
  readonly log: FastifyBaseLogger;
  readonly ledger: Ledger;
  readonly signer: SignerClient;
  readonly serials: Serials;
  readonly inForce: () => InForce;
  readonly keeper: PolicyKeeper;
  readonly metrics: Metrics;
  readonly ownCertificate: () => OwnCertificate;
  readonly people: People;
  readonly startedAt: number;
  /** Seconds since 1970. */
  readonly now: () => number;
};
