import type { Subject } from "../decision.ts";
import type { Cluster, Node } from "../model.ts";
import { isValueOf, type Bindings } from "../text/template.ts";

/** What a node's variables stand for. */
export function nodeBindings(node: Node, cluster: Cluster): Bindings {
  const names = { node: node.name, fqdn: `${node.name}.${cluster.domain}` };
  return node.address === undefined ? names : { ...names, address: node.address };
}

type Person = Extract<Subject, { readonly kind: "person" }>;

/** What a person's variables stand for; a value that does not fit its pattern is left out. */
export function personBindings(person: Person, cluster: Cluster): Bindings {
  const { principal } = person;
  const user = userOf(person, cluster);
  return {
    ...(user !== undefined && isValueOf("user", user) && { user }),
    ...(principal !== undefined && isValueOf("principal", principal) && { principal }),
  };
}

/** The directory's name, or the primary of a principal of the cluster's own realm. */
function userOf({ user, principal }: Person, { realm }: Cluster): string | undefined {
  if (user !== undefined) return user;
  const [, primary, of] = /^([^/@]+)(?:\/[^/@]+)?@(.+)$/.exec(principal ?? "") ?? [];
  return realm !== undefined && of === realm ? primary : undefined;
}
