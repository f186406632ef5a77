import type { BenchAuthority } from "./authority.ts";
import type { LoadOutcome } from "./load/run-load.ts";

/** One figure, and where there is a ceiling for it, the share of it that is reached. */
export type Figure = {
  readonly value: number;
  readonly unit: string;
  readonly ratio?: number;
  /** What the ratio is taken of, measured in the same run. */
  readonly of?: string;
  /** In words: what else is worth knowing about this figure. */
  readonly detail?: string;
};

/** Figures by name, as in {@link MARKS}. */
export type Figures = Readonly<Record<string, Figure>>;

/** One way of measuring, which may give several figures at once. */
export type Measure = {
  readonly names: readonly string[];
  run(context: Context): Promise<Figures>;
};

/** The loads that several measures look at; each is run once. */
export const LOADS = ["kept.8", "kept.1", "storm.8", "storm.1", "ssh.8"] as const;
export type LoadName = (typeof LOADS)[number];

/** Certificates of each request of a load. */
export const batchSize = (name: LoadName): number => (name.endsWith(".8") ? 8 : 1);

/** Whatever measures share; what is started is started on first use and then kept. */
export type Context = {
  /** Certificates a second and core that OpenSSL's own P-256 allows: 1/(1/sign + 1/verify). */
  readonly ceiling: () => Promise<number>;
  /**
   * New mutual-TLS connections a second to a bare `node:https`, with the authority's own certificates;
   * measured anew each time, since it is compared with what was measured a moment before.
   */
  readonly handshakes: () => Promise<number>;
  readonly authority: () => Promise<BenchAuthority>;
  readonly load: (name: LoadName) => Promise<LoadOutcome>;
  /** Timed seconds of each measure, and untimed ones before. */
  readonly seconds: number;
  readonly warmSeconds: number;
  /** Certificates that `ledger.growth` grows to. */
  readonly growth: number;
};

/** `value` with so many significant digits. */
export const round = (value: number, digits = 4): number => Number(value.toPrecision(digits));
