import type { PolicyTest } from "../../model.ts";
import { formatDuration } from "../../text/duration.ts";
import { changeIn, gone, type Change } from "./change.ts";
import type { Pair } from "./deltas.ts";

/** Tests that are new or gone; a test that only moves is the same. */
export function testChanges({ before, after }: Pair): readonly Change[] {
  const [old, now] = [byContent(before.tests), byContent(after.tests)];
  const contents = [...new Set([...now.keys(), ...old.keys()])];
  return contents.flatMap((content) => {
    const [was, is] = [old.get(content) ?? [], now.get(content) ?? []];
    return [
      ...is.slice(was.length).map((test) => testChange("+", test)),
      ...was.slice(is.length).map((test) => gone(testChange("-", test))),
    ];
  });
}

const testChange = (sign: "+" | "-", test: PolicyTest): Change =>
  changeIn("tests", sign, { what: `test ${test.title}`, text: testText(test), place: test.place });

const byContent = (tests: readonly PolicyTest[]): ReadonlyMap<string, readonly PolicyTest[]> =>
  Map.groupBy(tests, (test) => JSON.stringify([subjectOf(test), testText(test)]));

/** Who is asked about: order of facts aside. */
const subjectOf = ({ as }: PolicyTest): readonly (string | undefined)[] => {
  if (as.kind === "person") return [as.principal, as.user, ...as.in.toSorted()];
  return [as.kind, as.kind === "node" ? as.node : ""];
};

function testText(test: PolicyTest): string {
  const facts = test.as.kind === "person" ? test.as.in : [];
  const as = facts.length === 0 ? [] : [`in ${facts.toSorted().join(",")}`];
  if (test.kind === "holds-exactly")
    return [...as, `holds-exactly ${test.grants.toSorted().join(",") || "nothing"}`].join("  ");
  const { grant, from, choose, lifetime, node } = test;
  return [
    ...as,
    `asks for ${grant}`,
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(choose === undefined ? [] : [`choose ${choose.join(",")}`]),
    ...(lifetime === undefined ? [] : [`lifetime ${formatDuration(lifetime)}`]),
    ...(node === undefined ? [] : [`node ${node}`]),
    expectationText(test.expect),
  ].join("  ");
}

function expectationText(expect: Extract<PolicyTest, { readonly kind: "ask" }>["expect"]): string {
  if (expect.kind !== "fields") return `expect ${expect.kind}`;
  const fields = expect.fields.map(({ field, values }) => {
    const shown =
      field === "lifetime"
        ? values.map((value) => formatDuration(Number(value)))
        : values.toSorted();
    return `${field} ${shown.join(",")}`;
  });
  return `expect ${fields.toSorted().join("  ")}`;
}
