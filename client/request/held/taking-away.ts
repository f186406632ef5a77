import { forgetFromAgent } from "../agent/agent.ts";
import type { CredentialSummary } from "./credential.ts";
import type { RequestDeps } from "../deps.ts";
import { forgetFreshness } from "../ssh/freshness.ts";
import { writeIdentities } from "../ssh/identities.ts";
import { removeCredential, removeExpired, type Shelf } from "./store.ts";

/** A credential that is gone from here, and how many certificates of it the agent held. */
export type Taken = { readonly cluster: string; readonly grant: string; readonly inAgent: number };

/** Takes a credential from the agent, the files, and what leads ssh to it. @throws Failure */
export async function takeAway(
  deps: RequestDeps,
  shelf: Shelf,
  summary: CredentialSummary,
): Promise<Taken> {
  const { cluster, grant, form } = summary;
  // This also sees to it that ssh is not led to files that are gone.
  const inAgent = form === "ssh" ? await forgetFromAgent(deps, summary) : 0;
  removeCredential(deps, shelf, grant);
  return { cluster, grant, inAgent };
}

/** Takes away what has expired, and what leads ssh to it; agents drop it by themselves. @throws Failure */
export function clearExpired(deps: RequestDeps, shelf: Shelf): void {
  const forSsh = removeExpired(deps, shelf).filter(({ form }) => form === "ssh");
  if (forSsh.length === 0) return;
  for (const { grant } of forSsh) forgetFreshness(deps, shelf.places, grant);
  writeIdentities(deps, shelf);
}
