import type { ServerPaths } from "../config/paths.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { createPolicyStanding, type PolicyStanding } from "./policy-standing.ts";

/** What a request to take the applied copy anew says of itself. */
export type ReloadRequest = {
  /** Who asks, as the log names subjects. */
  readonly by: string;
  /** Who typed the command, in words, where a command asks. */
  readonly operator?: string;
  /** The copy before was put back after a reload that failed: no success, only the way back. */
  readonly back?: boolean;
};

/** Takes policies into force, and remembers and notes what did not come into force. */
export type PolicyKeeper = {
  readonly standing: PolicyStanding;
  /** Takes the applied copy into use, here and in the signer, one at a time; gives its hash. */
  reload(request: ReloadRequest): Promise<string>;
  /** Notes that a policy was to be applied and was refused. The log has it where it can be written. */
  refuse(refusal: { readonly by: string; readonly why: string }): Promise<void>;
};

/** What became of a policy that was to come into force. */
export type ReloadResult = "ok" | "refused" | "failed";

export type PolicyKeeperDeps = {
  readonly paths: Pick<ServerPaths, "policy" | "applied">;
  readonly held: PolicyInForce;
  readonly ledger: Pick<Ledger, "note" | "probe">;
  readonly now: () => number;
  readonly count: (result: ReloadResult) => void;
};

/** Creates the keeper of a running keyserver. */
export function createPolicyKeeper(deps: PolicyKeeperDeps): PolicyKeeper {
  const { paths, held, ledger, now, count } = deps;
  const standing = createPolicyStanding({ paths, active: () => held.get().active });
  const note = (of: "apply" | "reload", by: string, why: string): Promise<void> => {
    standing.noteRefusal({ of, at: now(), by, why });
    // What cannot be written is in the log of this process and in what status says.
    return ledger.note({ at: now(), event: "policy.refused", by, why }).catch(() => undefined);
  };
  const reload = async ({ by, operator, back = false }: ReloadRequest): Promise<string> => {
    try {
      // Before anything is changed, here or in the signer: a policy that the log does not name never decides.
      await ledger.probe();
      const loaded = await held.reload((policy) =>
        ledger.note({ at: now(), event: "policy.reloaded", policy, by, ...told(operator, back) }),
      );
      if (!back) standing.noteSuccess();
      if (!back) count("ok");
      return loaded;
    } catch (error) {
      if (!back) count("failed");
      if (!back)
        await note(operator === undefined ? "reload" : "apply", operator ?? by, plain(error));
      throw error;
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    standing,
    reload(request) {
      const mine = last.then(() => reload(request));
      last = mine.catch(() => undefined);
      return mine;
    },
    refuse({ by, why }) {
      count("refused");
      return note("apply", by, why);
    },
  };
}

const told = (operator: string | undefined, back: boolean): object => ({
  ...(operator !== undefined && { told: operator }),
  ...(back && { reason: "the policy before was put back" }),
});

/** For people who operate: an error that is not ours is looked up in the log of this process. */
const plain = (error: unknown): string =>
  error instanceof OperatorError || error instanceof KeysystemError
    ? (error.message.split("\n")[0] ?? "")
    : "an internal error: see keyserver's log";
