/** A client that the load speaks as: a joined node. */
export type LoadClient = {
  /** PEM: certificate and key. */
  readonly certificate: string;
  readonly key: string;
  /** Address to connect from. */
  readonly localAddress: string;
};

/** What one load process is to do. Sent between processes, so plain values only. */
export type LoadPlan = {
  readonly host: string;
  readonly port: number;
  /** PEM of the anchor of the server's certificate. */
  readonly anchor: string;
  readonly clients: readonly LoadClient[];
  /** Whole HTTP/1.1 requests, sent in turn over and over. */
  readonly requests: readonly Uint8Array[];
  readonly connections: number;
  /** `keep`: each connection carries request after request; `new`: a full handshake for each request. */
  readonly connection: "keep" | "new";
  /** Requests a second, sent on time whether earlier ones were answered or not; absent: as fast as answers come. */
  readonly rate?: number;
  /** Untimed and timed part. */
  readonly warmSeconds: number;
  readonly seconds: number;
};

/** What one load process saw in the timed part. */
export type LoadReport = {
  readonly answered: number;
  readonly failed: number;
  /** What the first failed request was told. */
  readonly failure?: string;
  readonly seconds: number;
  /** Milliseconds of each answered request, unordered. With a rate: since it was due. */
  readonly latencies: Float64Array;
  /** Seconds of CPU that the load itself took. */
  readonly cpu: number;
};

/** From a load process: that the timed part begins, or what came of it. */
export type LoadMessage =
  | { readonly event: "begin" }
  | { readonly event: "end"; readonly report: LoadReport }
  | { readonly event: "broken"; readonly why: string };
