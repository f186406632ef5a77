import { readFileSync } from "node:fs";

/** What the first policy is made of. */
export type FirstPolicyAnswers = {
  readonly cluster: string;
  readonly domain: string;
  readonly node: string;
  readonly address: string;
};

const TEMPLATE = new URL("first-policy.yaml", import.meta.url);

/** The text of a cluster's first policy. The answers are checked by the policy's own reader afterwards. */
export function firstPolicy({ cluster, domain, node, address }: FirstPolicyAnswers): string {
  const place = /[:]/.test(address) ? JSON.stringify(address) : address;
  return readFileSync(TEMPLATE, "utf8")
    .replaceAll("@CLUSTER@", cluster)
    .replaceAll("@DOMAIN@", domain)
    .replaceAll("@NODE@", node)
    .replaceAll("@ADDRESS@", place);
}
