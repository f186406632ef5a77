import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context } from "./context.ts";
import { operatorName } from "./policy-apply-lock.ts";

/** Characters of a reason that are told; the route takes no more. */
const MOST = 1024;

/**
 * Does `work`, and where a policy is refused by it, tells the running keyserver: its log notes it, and status and
 * health show it until something comes into force. What was typed wrongly is no refusal.
 */
export async function tellingRefusal<T>(
  { client }: Pick<Context, "client">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperatorError && error.exitCode === EXIT.unhealthy)
      await tell(client, error.message);
    throw error;
  }
}

async function tell(client: Context["client"], message: string): Promise<void> {
  const why = message.slice(0, MOST);
  const refusal = { operator: operatorName().slice(0, 128), why };
  // The operator reads the refusal itself: a keyserver that is away changes nothing of it.
  await client
    .post("PolicyRefusalNoted", ADMIN_PATHS.policyRefusals, refusal)
    .catch(() => undefined);
}
