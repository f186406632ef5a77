import type { SignerClient } from "../../keys/signer/client.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import { type AuthorityState, readAuthorities } from "./authority-state.ts";
import { loadPolicy } from "./policy-holder.ts";

/** The policy and the authorities that requests are answered by; swapped together. */
export type InForce = { readonly active: ActivePolicy; readonly authorities: AuthorityState };

/** Holds what requests are answered by, and swaps it. */
export type PolicyInForce = {
  readonly get: () => InForce;
  /**
   * Reads the applied copy anew, here and in the signer; gives its hash. A broken one changes nothing.
   *
   * It decides from when `record` has noted its hash; where that fails, the one before goes on deciding.
   */
  reload(record: (hash: string) => Promise<void>): Promise<string>;
};

export type PolicyInForceDeps = {
  readonly file: string;
  readonly signer: Pick<SignerClient, "authorities" | "reload" | "status">;
};

/** Loads the applied policy; requests in flight keep the one that they began with. */
export async function holdPolicy({ file, signer }: PolicyInForceDeps): Promise<PolicyInForce> {
  const load = async (): Promise<InForce> => {
    const active = loadPolicy(file);
    return { active, authorities: await readAuthorities(signer, active.policy) };
  };
  let current = await load();
  return {
    get: () => current,
    async reload(record) {
      // What cannot be used here is not to reach the signer either. Then the signer first: what it does not hold it
      // does not sign, and it keeps the one before for what is under way.
      const next = await load();
      const { policy: signerHash } = await signer.reload();
      if (next.active.hash !== signerHash) {
        throw new OperatorError("the policy changed while it was being loaded", {
          hint: "apply it again: keyserver policy apply",
        });
      }
      await record(signerHash);
      current = next;
      return next.active.hash;
    },
  };
}
