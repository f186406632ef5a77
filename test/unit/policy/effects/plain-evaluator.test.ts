import fc from "fast-check";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { decide } from "../../../../policy/decide.ts";
import { readPolicy } from "../../../../policy/read.ts";
import { evaluateParsed } from "./plain-evaluator.ts";
import { drafts, textOf } from "./random-policy.ts";
import { asks, plainAnswer, plainSubject, subjects } from "./requests.ts";

/** Policies; each is asked twenty times. A longer run: `POLICY_RUNS=50000 vitest run test/unit/policy/effects`. */
const RUNS = Number(process.env["POLICY_RUNS"] ?? 700);
const TIME = { timeout: 60_000 + RUNS * 100 };
const REQUESTS = 20;

test("decide answers as a second reading of the text does", TIME, () => {
  let [asked, allowed] = [0, 0];
  const requests = fc.array(fc.tuple(subjects, asks, fc.nat(9)), {
    minLength: REQUESTS,
    maxLength: REQUESTS,
  });
  const agree = fc.property(drafts, requests, (draft, pairs) => {
    const text = textOf(draft);
    const { policy } = readPolicy(text, { file: "policy.yaml" });
    fc.pre(policy !== undefined);
    if (policy === undefined) return;
    const parsed = Object.fromEntries(Object.entries(parse(text)));
    const names = Object.keys(draft["grants"] ?? {});
    for (const [subject, wish, pick] of pairs) {
      const ask = { ...wish, grant: names[pick] ?? names[0] ?? wish.grant };
      const answer = plainAnswer(decide(policy, subject, ask), policy);
      expect(answer, JSON.stringify({ subject, ask })).toEqual(
        evaluateParsed(parsed, plainSubject(subject), ask),
      );
      asked += 1;
      allowed += answer === undefined ? 0 : 1;
    }
  });
  fc.assert(agree, { numRuns: RUNS });
  expect(asked).toBe(RUNS * REQUESTS);
  // Where nearly everything is denied, to agree means little.
  expect(allowed).toBeGreaterThan(asked / 20);
});
