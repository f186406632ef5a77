import type { Policy } from "../decision.ts";
import type { Place } from "../diagnostic.ts";
import { fieldsOf, TERMS } from "./fields.ts";
import { everyNode, FEW, nameSome } from "./naming.ts";
import type { Who } from "./rows.ts";
import type { Holder } from "./who-can.ts";
import { wordField, wordFields } from "./wording.ts";

/** One line of what `who-can` answers. */
export type Answer = {
  readonly who: string;
  /** Everybody whom the line stands for, where it is more than one. */
  readonly subjects?: readonly string[];
  /** The role, the groups or the facts by which they have it. */
  readonly through: string;
  readonly grant: string;
  readonly place: Place;
  readonly gets: string;
  /** How long it lasts; undefined where time plays no part. */
  readonly lifetime?: string;
  /** Where a request has to come from. */
  readonly from: string;
};

/** Puts what was found into words; nodes that are many and get the same share a line. */
export function answersOf(policy: Policy, holders: readonly Holder[]): readonly Answer[] {
  const isLarge = policy.nodes.size > MANY_NODES;
  const alike = Map.groupBy(holders, (holder) =>
    isLarge && holder.who.kind === "node"
      ? `${holder.effect.grant.name} ${getsOf(holder, "open")}`
      : holder,
  );
  return [...alike.values()].flatMap((group) =>
    group.length <= FEW ? group.map((one) => answerOf(policy, one)) : [sharedAnswer(policy, group)],
  );
}

const MANY_NODES = 20;

function answerOf(policy: Policy, holder: Holder): Answer {
  const { who, effect, as } = holder;
  const { grant, requester } = effect;
  const address = requester.kind === "node" ? policy.nodes.get(requester.node)?.address : undefined;
  const ranges = grant.sourceAddress.map(({ text }) => text);
  const from = ranges.length > 0 ? ranges.join(",") : address;
  const lifetime = fieldsOf(effect, "closed").find(({ name }) => name === "lifetime");
  return {
    who: `${whoName(who)}${as === undefined ? "" : `, as ${as}`}`,
    through: throughOf(policy, holder),
    grant: grant.name,
    place: grant.place,
    gets: getsOf(holder, who.kind === "group" ? "open" : "closed"),
    ...(lifetime && { lifetime: wordField(lifetime) }),
    from: from ?? "anywhere",
  };
}

function sharedAnswer(policy: Policy, holders: readonly Holder[]): Answer {
  const [first] = holders;
  if (first === undefined) throw new TypeError("an answer without a holder");
  const subjects = holders.map(({ who }) => whoName(who));
  const through = new Set(holders.map((holder) => throughOf(policy, holder)));
  return {
    ...answerOf(policy, first),
    who: everyNode(policy, subjects, first.effect.grant) ?? nameSome(subjects),
    subjects,
    through: nameSome([...through]),
    gets: getsOf(first, "open"),
    from: first.effect.grant.sourceAddress.map(({ text }) => text).join(",") || "their addresses",
  };
}

function whoName(who: Who): string {
  switch (who.kind) {
    case "node":
      return who.node;
    case "principal":
      return [who.principal, ...who.facts].join(" with ");
    case "group":
      return `any of ${who.group}`;
  }
}

function throughOf(policy: Policy, { who, effect: { grant } }: Holder): string {
  const recipients = grant.to.names.map(({ text }) => text);
  switch (who.kind) {
    case "node": {
      const roles = policy.nodes.get(who.node)?.roles ?? [];
      return roles.filter((role) => recipients.includes(role)).join(", ");
    }
    case "principal": {
      const fact = `kerberos:${who.principal}`;
      const groups = recipients.filter((name) =>
        policy.people.get(name)?.from.some(({ text }) => text === fact || who.facts.includes(text)),
      );
      return groups.join(", ");
    }
    case "group":
      return who.ways.map((facts) => facts.join(" and ")).join(", or ");
  }
}

function getsOf({ effect }: Holder, view: "open" | "closed"): string {
  const { plan } = effect;
  if (plan.verb === "admit") return `join tokens for ${plan.roles.join(", ")}`;
  return wordFields(fieldsOf(effect, view), "  ", TERMS).replace(/^issue /, "");
}
