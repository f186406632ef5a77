import type { Trust } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { formatDuration } from "../terminal/duration.ts";
import { acceptCertificate } from "./accept.ts";
import type { AgentDeps } from "./agent.ts";
import { anchorsOf } from "./anchors.ts";
import { readIdentity } from "./identity.ts";
import { prepareOrder, sendOrders, type Delivery } from "./obtain.ts";
import { reach } from "./reach.ts";
import type { Draft } from "./report.ts";
import type { Workshop } from "./workshop.ts";

/**
 * Where this node was off for longer than its identity lasts, asks for a new one with it: a policy may let it come
 * back. Nothing else is asked, since nothing else would be given. Does nothing while the identity is good.
 *
 * @throws KeysystemError `auth.expired` with what the server said, when it does not let it
 */
export async function comeBack(
  deps: AgentDeps,
  workshop: Workshop,
  trust: Trust,
  draft: Draft,
): Promise<void> {
  const identity = readIdentity(deps);
  const now = deps.now();
  if (identity === undefined || identity.notAfter > now) return;
  const { memory, journal } = workshop;
  const { identity: grant } = memory.state();
  try {
    const { order, issued } = await askAnew(deps, workshop, trust);
    const accept = {
      disk: deps.disk,
      journal,
      memory,
      now: deps.now,
      answers: () => Promise.resolve(false),
      anchorsOf: (name: string): readonly string[] => anchorsOf(trust, name),
    };
    const { serial } = await acceptCertificate(accept, order, issued);
    draft.renewed.push({ grant, why: "expired", serial });
  } catch (error) {
    if (!(error instanceof KeysystemError) || error.code !== "auth.expired") throw error;
    const since = formatDuration((now - identity.notAfter) / 1000);
    const detail = `${grant} expired ${since} ago; ${error.message}`;
    throw new KeysystemError(error.code, detail, { cause: error });
  }
}

async function askAnew(
  deps: AgentDeps,
  { config, memory, recipes }: Workshop,
  trust: Trust,
): Promise<Extract<Delivery, { readonly issued: unknown }>> {
  const { identity: grant, offers } = memory.state();
  const [recipe, offer] = [recipes.get(grant), offers.find((each) => each.grant === grant)];
  if (recipe === undefined || offer === undefined) {
    throw new KeysystemError("auth.expired", "what it was granted was never fetched; join again");
  }
  const { keyserver, transport } = reach(deps, memory, config, trust);
  try {
    // Anybody may ask this; the answer tells whose clock is wrong before a certificate is asked for.
    await keyserver.trust();
    const order = prepareOrder(deps.disk, { recipe, offer, why: "expired" });
    const [delivery] = await sendOrders(keyserver, [order]);
    if (delivery === undefined) throw new KeysystemError("internal", "no answer");
    if ("error" in delivery) throw delivery.error;
    return delivery;
  } finally {
    transport.close();
  }
}
