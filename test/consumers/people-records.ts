import { Value } from "typebox/value";
import { CertificateList, type CertificateView } from "../../protocol/admin-messages.ts";
import { formatOutcome } from "../harness/cluster.ts";
import type { PeopleCluster } from "../harness/people.ts";

/** What a grant has given so far, as the ledger has it, newest first. */
export async function listIssued(
  { cluster }: PeopleCluster,
  grant: string,
): Promise<readonly CertificateView[]> {
  const outcome = await cluster.keyserver(["cert", "list", "--json", "--grant", grant]);
  if (outcome.code !== 0) throw new Error(formatOutcome(outcome));
  return Value.Parse(CertificateList, JSON.parse(outcome.stdout)).certificates;
}
