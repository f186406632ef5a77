import type { Policy } from "../../policy/decision.ts";
import { grantsOf } from "../../policy/grants.ts";

/** What an operator may do as a person and could not any more, in words: `admit worker`, `operate apply`. */
export type OwnLoss = { readonly principal: string; readonly rights: readonly string[] };

/**
 * What whoever runs `sudo` would take from himself. He is root here and stays that; but from his own machine, with his
 * own ticket, he could then do less.
 *
 * sudo knows an account and no principal, so every principal that the policy lets into a group by itself and whose
 * primary is that account counts as his. What he has by a directory's groups is not known here.
 */
export function lossesOf(account: string, before: Policy, after: Policy): readonly OwnLoss[] {
  return principalsOf(before, account).flatMap((principal) => {
    const kept = rightsOf(after, principal);
    const rights = [...rightsOf(before, principal)].filter((right) => !kept.has(right));
    return rights.length === 0 ? [] : [{ principal, rights }];
  });
}

/** The warning of one loss. */
export const formatLoss = ({ principal, rights }: OwnLoss): string =>
  `after this, ${principal} (you, it seems) can no longer ${rights.join(", ")}; root on the master still can`;

function principalsOf({ people }: Policy, account: string): readonly string[] {
  const named = [...people.values()].flatMap(({ from }) => from.map(({ text }) => text));
  const principals = named.flatMap((text) => /^kerberos:(.*)$/.exec(text)?.slice(1) ?? []);
  return [...new Set(principals)].filter((text) => text.split(/[/@]/)[0] === account);
}

function rightsOf(policy: Policy, principal: string): ReadonlySet<string> {
  const held = grantsOf(policy, { kind: "person", principal, in: [] });
  return new Set(
    held.flatMap(({ decision }) => {
      if (decision.verdict !== "allow") return [];
      const { plan } = decision;
      if (plan.verb === "operate") return plan.actions.map((action) => `operate (${action})`);
      return plan.verb === "admit" ? plan.roles.map((role) => `admit ${role}`) : [];
    }),
  );
}
