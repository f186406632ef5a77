import type { Policy } from "../../policy/decision.ts";

/** The policy in force, with the hash by which intents and the signer name it. */
export type ActivePolicy = {
  readonly policy: Policy;
  /** SHA-256 over the policy text and, where it includes one, the inventory's; hex. */
  readonly hash: string;
  /** Names of the files that it includes, in the order in which their texts count for the hash. */
  readonly includes: readonly string[];
  /** Seconds since 1970: when it was applied. */
  readonly appliedAt: number;
};
