import { Counter, Gauge, Registry } from "prom-client";
import type { Health } from "../../protocol/messages.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { ReloadResult } from "./policy-keeper.ts";

/** What is counted while keyserver runs, for `GET /metrics`; counts begin at zero with each start. */
export type Metrics = {
  readonly countReload: (result: ReloadResult) => void;
  readonly countIssued: (authority: string, grant: string) => void;
  readonly countRefusal: (code: string) => void;
  readonly countRequest: (route: string, status: number) => void;
  /** The text that Prometheus reads, with what is so at this moment. */
  readonly render: (present: Present) => Promise<string>;
};

/** What is looked up for each answer. Times are seconds since 1970. */
export type Present = {
  readonly startedAt: number;
  readonly policy: Pick<ActivePolicy, "hash" | "appliedAt">;
  readonly isFileInForce: boolean;
  readonly hasRefusal: boolean;
  readonly readiness: Health;
  readonly ownCertificateEnds: number;
  /** Certificates that are good now and end within so many seconds, by the name of the span. */
  readonly expiring: ReadonlyMap<string, number>;
};

const RESULTS: readonly ReloadResult[] = ["ok", "refused", "failed"];

/** Creates the counters of one keyserver of this version. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const reloads = new Counter({
    name: "keysystem_policy_reloads_total",
    help: "Policies that were to come into force: ok, refused by their check or a never rule, failed to be taken.",
    labelNames: ["result"],
    registers,
  });
  // A rate of what has not happened yet is zero, not unknown.
  for (const result of RESULTS) reloads.inc({ result }, 0);
  const issued = new Counter({
    name: "keysystem_certificates_issued_total",
    help: "Certificates that were issued, by authority and grant.",
    labelNames: ["authority", "grant"],
    registers,
  });
  const refusals = new Counter({
    name: "keysystem_refusals_total",
    help: "Requests for certificates and others that were refused or failed, by the code of the problem.",
    labelNames: ["code"],
    registers,
  });
  const requests = new Counter({
    name: "keysystem_http_requests_total",
    help: "Answers, by route and HTTP status.",
    labelNames: ["route", "status"],
    registers,
  });
  const gauges = createGauges(registers, version);
  return {
    countReload: (result) => reloads.inc({ result }),
    countIssued: (authority, grant) => issued.inc({ authority, grant }),
    countRefusal: (code) => refusals.inc({ code }),
    countRequest: (route, status) => requests.inc({ route, status }),
    render(present) {
      gauges(present);
      return registry.metrics();
    },
  };
}

function createGauges(registers: Registry[], version: string): (present: Present) => void {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge =>
    new Gauge({ name: `keysystem_${name}`, help, labelNames: [...labelNames], registers });
  const build = gauge("build_info", "1, with the version of keyserver.", ["version"]);
  build.set({ version }, 1);
  const started = gauge("start_time_seconds", "When keyserver was started.");
  const policy = gauge("policy_info", "1, with the hash of the policy in force.", ["hash"]);
  const applied = gauge("policy_applied_timestamp_seconds", "When that policy was applied.");
  const inForce = gauge("policy_file_in_force", "Whether policy.yaml is the policy in force.");
  const refused = gauge("policy_refused", "Whether the last policy did not come into force.");
  const up = gauge("ready", "Whether this can be relied on for signing, by part.", ["part"]);
  const own = gauge("own_certificate_end_timestamp_seconds", "When keyserver's own TLS ends.");
  const expiring = gauge(
    "certificates_expiring",
    "Issued certificates that end within this time, those that were renewed since among them.",
    ["within"],
  );
  return (present) => {
    started.set(present.startedAt);
    policy.reset();
    policy.set({ hash: present.policy.hash }, 1);
    applied.set(present.policy.appliedAt);
    inForce.set(Number(present.isFileInForce));
    refused.set(Number(present.hasRefusal));
    for (const { name, ok } of present.readiness.checks) up.set({ part: name }, Number(ok));
    own.set(present.ownCertificateEnds);
    for (const [within, count] of present.expiring) expiring.set({ within }, count);
  };
}
