import type { Transport, TransportOptions } from "../connection/transport.ts";
import type { Disk } from "../files/disk.ts";
import type { Paths } from "./paths.ts";

/** What the agent depends on; tests put their own clock, chance and network here. */
export type AgentDeps = {
  readonly paths: Paths;
  readonly disk: Disk;
  /** Group of keyclient's own files. */
  readonly gid: number;
  /** Folder with the shipped recipes. */
  readonly shipped: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly connect: (options: TransportOptions) => Transport;
};
