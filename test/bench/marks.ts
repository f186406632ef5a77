/** What a figure has to reach: its ratio, or its value where `on` says so. */
export type Mark = { readonly on: "ratio" | "value" } & (
  { readonly atLeast: number } | { readonly atMost: number }
);

/** Every figure, in the order of the table; undefined where it is only shown. */
export const MARKS: Readonly<Record<string, Mark | undefined>> = {
  "issue.inprocess": { on: "ratio", atLeast: 0.45 },
  "issue.kept.8": { on: "ratio", atLeast: 0.35 },
  "issue.kept.1": { on: "ratio", atLeast: 0.2 },
  "issue.storm.8": { on: "ratio", atLeast: 0.6 },
  "issue.storm.1": { on: "ratio", atLeast: 0.6 },
  "issue.ssh.8": { on: "ratio", atLeast: 1 },
  "latency.p50": undefined,
  "latency.p99": undefined,
  "ledger.growth": { on: "ratio", atLeast: 0.9 },
  "ledger.bytes": { on: "value", atMost: 1500 },
  "memory.keyserver": { on: "value", atMost: 250 },
  "memory.keysigner": { on: "value", atMost: 120 },
  "client.idle": { on: "value", atMost: 0.15 },
  "client.idle.memory": undefined,
  "people.login": undefined,
  "people.facts.cold": undefined,
  "people.facts.warm": undefined,
  "people.ssh.valid": { on: "value", atMost: 5 },
  "people.ssh.new": { on: "value", atMost: 400 },
  "policy.help": { on: "value", atMost: 200 },
  "policy.check": { on: "value", atMost: 300 },
  "policy.large.check": { on: "value", atMost: 1000 },
  "policy.large.memory": undefined,
  "policy.large.who-can": { on: "value", atMost: 1000 },
  "policy.large.diff": { on: "value", atMost: 1000 },
  "policy.large.domain": undefined,
  "policy.bomb": { on: "value", atMost: 100 },
  "policy.decide.node": undefined,
  "policy.decide.person": undefined,
  "policy.reload": { on: "value", atMost: 50 },
  "peer.kept.8": { on: "ratio", atLeast: 1 },
  "peer.storm.8": { on: "ratio", atLeast: 3 },
  "peer.storm.1": { on: "ratio", atLeast: 0.8 },
};

/** Whether a figure reaches its mark; undefined without one. */
export function reaches(
  mark: Mark | undefined,
  { value, ratio }: { readonly value: number; readonly ratio?: number },
): boolean | undefined {
  if (mark === undefined) return undefined;
  const seen = mark.on === "ratio" ? (ratio ?? 0) : value;
  return "atLeast" in mark ? seen >= mark.atLeast : seen <= mark.atMost;
}

/** A mark in a few characters: `≥ 0.45`. */
export const formatMark = (mark: Mark | undefined): string => {
  if (mark === undefined) return "";
  return "atLeast" in mark ? `≥ ${mark.atLeast}` : `≤ ${mark.atMost}`;
};
