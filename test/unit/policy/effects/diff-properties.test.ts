import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../../policy/decision.ts";
import { diff } from "../../../../policy/effects/diff.ts";
import { deltasOf, type Delta } from "../../../../policy/effects/diff/deltas.ts";
import { labelDeltas } from "../../../../policy/effects/diff/labels.ts";
import { universeOf, type Requester } from "../../../../policy/effects/universe.ts";
import { looseMeaning, strictMeaning } from "./meaning.ts";
import { reversed } from "./random-edit.ts";
import { drafts, GRANTS, type Draft } from "./random-policy.ts";
import { answerText, variations } from "./requests.ts";
import { forEdits, read, RUNS, SEED, TIME } from "./sound-edits.ts";

/** `who grant` of everybody for whom some request is answered otherwise. */
function changedAnswers(before: Policy, after: Policy): readonly string[] {
  return universeOf([before, after]).flatMap(({ subject }) =>
    GRANTS.filter((grant) =>
      variations(grant).some(
        (ask) => answerText(before, subject, ask) !== answerText(after, subject, ask),
      ),
    ).map((grant) => lineOf({ subject }, grant)),
  );
}

const lineOf = ({ subject }: Pick<Requester, "subject">, grant: string): string =>
  `${JSON.stringify(subject)} ${grant}`;

describe("a diff", () => {
  test("is empty for the same policy in another order", TIME, () => {
    const property = fc.property(drafts, (draft) => {
      const [before, after] = [read(draft), read(reversed(draft))];
      fc.pre(before !== undefined && after !== undefined);
      if (before !== undefined && after !== undefined) expect(diff(before, after)).toEqual([]);
    });
    fc.assert(property, { numRuns: RUNS / 3, ...SEED });
  });

  test("is empty when nothing means anything else, and is not when something does", TIME, () => {
    let same = 0;
    forEdits(RUNS, (before, after, edit) => {
      const changes = diff(before, after);
      if (strictMeaning(edit.before) === strictMeaning(edit.after)) {
        expect(changes).toEqual([]);
        same += 1;
      } else if (looseMeaning(edit.before) !== looseMeaning(edit.after))
        expect(changes).not.toEqual([]);
    });
    expect(same).toBeGreaterThan(RUNS / 100);
  });

  test("is not empty when some request is answered otherwise", TIME, () => {
    forEdits(RUNS / 3, (before, after) => {
      if (diff(before, after).length === 0) expect(changedAnswers(before, after)).toEqual([]);
    });
  });

  test("has a line with words for everybody who is concerned", TIME, () => {
    forEdits(RUNS / 3, (before, after) => {
      const deltas = deltasOf({ before, after });
      const labelled = labelDeltas({ before, after }, deltas);
      const shown = new Set(labelled.flatMap((line) => line.deltas));
      for (const delta of deltas)
        expect(shown.has(delta) || [...shown].some((other) => speaksFor(other, delta))).toBe(true);
      for (const { who, deltas: of, isOpen } of labelled)
        expect([who, ...of.map(({ text, openText }) => (isOpen ? openText : text))]).not.toContain(
          "",
        );
      // The lines of access alone would not do: what only people in two groups at once feel is in none of them.
      if (deltas.length > 0) expect(diff(before, after)).not.toEqual([]);
    });
  });

  test("knows each subject and grant whose answers change, and no other", TIME, () => {
    let [changed, unchanged] = [0, 0];
    forEdits(RUNS / 5, (before, after, edit) => {
      // What an authority says for all of its grants is a line of its own, and so is each node.
      fc.pre(isSame(edit, "authorities") && isSame(edit, "nodes"));
      const deltas = deltasOf({ before, after });
      const known = new Set(deltas.map(({ requester, grant }) => lineOf(requester, grant.name)));
      const answers = new Set(changedAnswers(before, after));
      expect(known).toEqual(new Set([...known, ...answers]));
      const felt = deltas.filter((delta) => canBeFelt(delta, before));
      for (const { requester, grant } of felt)
        expect(answers).toContain(lineOf(requester, grant.name));
      changed += felt.length;
      unchanged += deltas.length === 0 ? 1 : 0;
    });
    expect(changed).toBeGreaterThan(RUNS / 10);
    expect(unchanged).toBeGreaterThan(10);
  });
});

/** Whoever needs fewer facts for the same stands for those who have more. */
const speaksFor = (one: Delta, { requester, grant, sign, text }: Delta): boolean =>
  one.grant.name === grant.name &&
  one.sign === sign &&
  one.text === text &&
  one.requester.kind === "person" &&
  requester.kind === "person" &&
  one.requester.facts.every((fact) => requester.facts.includes(fact));

const isSame = (edit: { before: Draft; after: Draft }, section: string): boolean =>
  JSON.stringify(edit.before[section]) === JSON.stringify(edit.after[section]);

/** A right to admit may find no node, and a node's own address may be outside of the networks of a grant. */
const canBeFelt = ({ requester, grant }: Delta, before: Policy): boolean =>
  ![grant, before.grants.get(grant.name)].some(
    (one) =>
      one?.verb === "admit" || (requester.kind === "node" && (one?.sourceAddress.length ?? 0) > 0),
  );
