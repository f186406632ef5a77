import { decide } from "./decide.ts";
import type { Ask, Decision, Plan, Policy } from "./decision.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";
import { grantsOf } from "./grants.ts";
import type { ExpectedField, PolicyTest } from "./model.ts";
import { formatDuration } from "./text/duration.ts";

/** How one test of the policy went; a failed one has a diagnostic. */
export type TestOutcome = {
  readonly test: PolicyTest;
  readonly passed: boolean;
  /** What came instead. */
  readonly detail?: string;
  readonly diagnostic?: Diagnostic;
};

/** Runs the policy's own tests. They need nothing but the policy. */
export const runTests = (policy: Policy): readonly TestOutcome[] =>
  policy.tests.map((test) => (test.kind === "ask" ? runAsk(policy, test) : runHolds(policy, test)));

type AskTest = Extract<PolicyTest, { readonly kind: "ask" }>;
type HoldsTest = Extract<PolicyTest, { readonly kind: "holds-exactly" }>;

function runAsk(policy: Policy, test: AskTest): TestOutcome {
  const decision = decide(policy, test.as, askOf(test));
  const got = differenceOf(test, decision);
  if (got === undefined) return { test, passed: true };
  return fail(test, `${test.title} asks for ${test.grant}`, test.expectPlace, got);
}

/** A test speaks of rights; a reason is what people type in, so it is taken as given. */
const askOf = ({ grant, from, choose, lifetime, node }: AskTest): Ask => ({
  grant,
  reason: "policy test",
  ...(from !== undefined && { from }),
  ...(choose !== undefined && { choose }),
  ...(lifetime !== undefined && { lifetime }),
  ...(node !== undefined && { node }),
});

/** What came instead of what was expected; undefined when it is the same. */
function differenceOf({ expect }: AskTest, decision: Decision): string | undefined {
  if (expect.kind === "denied")
    return decision.verdict === "deny" ? undefined : `allowed by line ${decision.line}`;
  if (decision.verdict === "deny") return `denied: ${decision.detail}`;
  const different =
    expect.kind === "fields"
      ? expect.fields.find((field) => !isMet(field, decision.plan))
      : undefined;
  return (
    different &&
    `${different.field} ${describeField(different.field, valuesIn(decision.plan, different.field))}`
  );
}

const isMet = ({ field, values }: ExpectedField, plan: Plan): boolean =>
  sameSet(values, valuesIn(plan, field));

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && new Set([...a, ...b]).size === a.length;

function describeField(field: string, values: readonly string[]): string {
  if (values.length === 0) return "(none)";
  return field === "lifetime" ? formatDuration(Number(values[0])) : values.join(", ");
}

/** A plan's field by the name that tests use; nothing where the plan has no such field. */
function valuesIn(plan: Plan, field: string): readonly string[] {
  if (plan.verb === "fetch") return field === "file" ? [plan.file] : [];
  if (plan.verb !== "issue") return [];
  const { content } = plan;
  if (field === "lifetime") return [String(plan.lifetime)];
  if (content.kind === "tls") {
    const names = [...content.dns, ...content.ip];
    return (
      new Map([
        ["cn", [content.cn]],
        ["o", content.o],
        ["names", names],
        ["usage", content.usage],
      ]).get(field) ?? []
    );
  }
  const { principals, extensions, sourceAddress } = content;
  const fields = { principals, names: content.kind === "ssh-host" ? principals : [], extensions };
  return new Map([...Object.entries(fields), ["source-address", sourceAddress]]).get(field) ?? [];
}

function runHolds(policy: Policy, test: HoldsTest): TestOutcome {
  const held = grantsOf(policy, test.as)
    .filter(({ decision }) => decision.verdict === "allow")
    .map(({ grant }) => grant);
  const more = held.filter((grant) => !test.grants.includes(grant));
  const less = test.grants.filter((grant) => !held.includes(grant));
  if (more.length === 0 && less.length === 0) return { test, passed: true };
  const withLine = (grant: string): string =>
    `${grant} (line ${policy.grants.get(grant)?.place.line ?? 0})`;
  const got = [
    ...(more.length > 0 ? [`also holds ${more.map(withLine).join(", ")}`] : []),
    ...(less.length > 0 ? [`does not hold ${less.map(withLine).join(", ")}`] : []),
  ].join("; ");
  return fail(test, `${test.title} holds-exactly`, test.place, got);
}

function fail(test: PolicyTest, what: string, place: Place, detail: string): TestOutcome {
  const diagnostic: Diagnostic = {
    code: "E501",
    severity: "error",
    place,
    message: `test failed: ${what}`,
    label: `got: ${detail}`,
    notes: [],
    help: "nothing was applied",
  };
  return { test, passed: false, detail, diagnostic };
}
