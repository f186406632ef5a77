import fc from "fast-check";
import { decide } from "../../../../policy/decide.ts";
import type { Ask, Decision, Policy, Subject } from "../../../../policy/decision.ts";
import { KEY_KINDS } from "../../../../policy/decision.ts";
import { FACTS, GRANTS, LOGINS, NODES, PRINCIPALS } from "./random-policy.ts";
import type { PlainAnswer, PlainSubject } from "./plain-evaluator.ts";

const CHOICES = ["ops", "deploy", "web"] as const;
const FROMS = ["10.1.0.1", "10.1.0.3", "10.2.0.9", "10.19.0.1", "10.29.0.1", "192.0.2.1"] as const;
const MORE_FROMS = ["10.1.0.2", "10.1.0.4", "2001:db8:1::1", "2001:db8:2::1"] as const;
const LIFETIMES = [1, 1800, 3600, 7200, 90_000] as const;

/** Subjects of every kind, with names that the policies know and others. */
export const subjects: fc.Arbitrary<Subject> = fc.oneof(
  fc.record({ kind: fc.constant("node" as const), node: fc.constantFrom(...NODES, "n9") }),
  fc
    .record({
      user: fc.option(fc.constantFrom(...LOGINS, "zoe", "daemon", "deploy", "secretary"), {
        nil: undefined,
      }),
      principal: fc.option(fc.constantFrom(...PRINCIPALS, "zoe@R.EXAMPLE", "ann@OTHER.EXAMPLE"), {
        nil: undefined,
      }),
      in: fc.subarray([...FACTS]),
    })
    .filter(({ user, principal }) => user !== undefined || principal !== undefined)
    .map(({ user, principal, in: facts }) => ({
      kind: "person" as const,
      in: facts,
      ...(user !== undefined && { user }),
      ...(principal !== undefined && { principal }),
    })),
);

const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 6 });

/** Requests, good ones and others. */
export const asks: fc.Arbitrary<Ask> = fc
  .record({
    grant: fc.constantFrom(...GRANTS, ...GRANTS, "none"),
    from: rarely(fc.constantFrom(...FROMS)),
    reason: often(fc.constantFrom("because", "because", " ")),
    lifetime: rarely(fc.constantFrom(...LIFETIMES, 0, 0.5)),
    choose: rarely(fc.array(fc.constantFrom(...CHOICES), { maxLength: 3 })),
    key: rarely(fc.constantFrom(...KEY_KINDS)),
    node: often(fc.constantFrom(...NODES)),
  })
  .map((record) => compact(record));

const compact = ({
  grant,
  ...rest
}: { readonly [K in keyof Ask]: Ask[K] | undefined } & { readonly grant: string }): Ask => {
  const { from, reason, lifetime, choose, key, node } = rest;
  return {
    grant,
    ...(from !== undefined && { from }),
    ...(reason !== undefined && { reason }),
    ...(lifetime !== undefined && { lifetime }),
    ...(choose !== undefined && { choose }),
    ...(key !== undefined && { key }),
    ...(node !== undefined && { node }),
  };
};

/** One request for each thing that can be varied, from each place. */
export const variations = (grant: string): readonly Ask[] =>
  [undefined, ...FROMS, ...MORE_FROMS].flatMap((from) => {
    const base = { grant, ...(from !== undefined && { from }) };
    const asked = { ...base, reason: "because" };
    return [
      base,
      asked,
      ...LIFETIMES.map((lifetime) => ({ ...asked, lifetime })),
      ...[
        ["ops"],
        ["deploy"],
        ["web"],
        ["ops", "web"],
        ["ops", "deploy"],
        ["deploy", "web"],
        [...CHOICES],
      ].map((choose) => ({
        ...asked,
        choose,
      })),
      ...(["ecdsa-p256", "ed25519", "rsa-3072", "ed25519-sk"] as const).map((key) => ({
        ...asked,
        key,
      })),
      ...NODES.map((node) => ({ ...asked, node })),
    ];
  });

/** What came of a request, as the plain evaluator says it. */
export function plainAnswer(decision: Decision, policy: Policy): PlainAnswer {
  if (decision.verdict === "deny") return undefined;
  const { plan } = decision;
  switch (plan.verb) {
    case "fetch":
      return { fetch: plan.file };
    case "operate":
      return { operate: plan.actions };
    case "admit":
      return {
        admit: policy.nodes.get(plan.node)?.roles ?? [],
        node: plan.node,
        lifetime: plan.tokenLifetime,
      };
    case "issue": {
      const { content, authority, lifetime, backdate } = plan;
      const head = { issue: authority, lifetime, backdate };
      if (content.kind === "tls")
        return {
          ...head,
          cn: [content.cn],
          o: content.o,
          name: [...content.dns, ...content.ip],
          usage: content.usage,
        };
      if (content.kind === "ssh-host") return { ...head, name: content.principals };
      const { principals, extensions, sourceAddress, forceCommand } = content;
      const command = forceCommand === undefined ? [] : [forceCommand];
      return { ...head, principal: principals, extensions, source: sourceAddress, command };
    }
  }
}

/** The subject as the plain evaluator takes it. */
export function plainSubject(subject: Subject): PlainSubject {
  if (subject.kind === "node") return { node: subject.node };
  if (subject.kind === "root") throw new TypeError("root has no plain form");
  const { user, principal, in: facts } = subject;
  return {
    facts,
    ...(user !== undefined && { user }),
    ...(principal !== undefined && { principal }),
  };
}

/** An answer as a text that is equal for equal certificates. */
export function answerText(policy: Policy, subject: Subject, ask: Ask): string {
  const answer = plainAnswer(decide(policy, subject, ask), policy) ?? "denied";
  // In which order a node's roles are written means nothing.
  return JSON.stringify(answer, (key, value: unknown) =>
    key === "admit" && Array.isArray(value) ? value.map(String).sort() : value,
  );
}
