import { loadPolicy } from "./policy-file.ts";
import { createSerialMemory } from "./serial-memory.ts";
import { createSignerCore, type SignerCore, type SignerCoreParts } from "./signer-core.ts";

/** Seconds for which the policy before the last reload still decides, for requests under way. */
const GRACE = 60;

/** The signer's loaded policies, each with the core that decides by it. */
export type PolicyCores = {
  readonly current: () => SignerCore;
  /** The core for a policy's hash: the current one, or for a short while the one before. */
  readonly find: (policyHash: string) => SignerCore | undefined;
  /** Loads the policy file anew; what was loaded stays when that fails. @throws SignerError */
  readonly reload: () => void;
};

/** Loads the policy file. @throws SignerError `configuration.invalid` */
export function createPolicyCores(
  path: string,
  parts: Pick<SignerCoreParts, "authorities" | "now">,
): PolicyCores {
  const serials = createSerialMemory();
  const load = (): SignerCore => {
    const { policy, hash } = loadPolicy(path);
    return createSignerCore({ ...parts, policy, policyHash: hash, serials });
  };
  let current = load();
  let previous: { readonly core: SignerCore; readonly until: number } | undefined;

  return {
    current: () => current,
    find(policyHash) {
      if (current.policyHash === policyHash) return current;
      if (previous === undefined || previous.core.policyHash !== policyHash) return undefined;
      return parts.now() <= previous.until ? previous.core : undefined;
    },
    reload() {
      const core = load();
      if (core.policyHash === current.policyHash) return;
      previous = { core: current, until: parts.now() + GRACE };
      current = core;
    },
  };
}
