import { expect, test } from "vitest";
import { formatLoss, lossesOf } from "../../../server/commands/policy-apply-self.ts";
import { edit, EXAMPLE, example, readSound } from "../policy/example.ts";

/** What whoever applies a policy would take from himself. */

/** The example without its tests, which a narrower policy would fail. */
const changed = (from: string, to: string): ReturnType<typeof readSound> =>
  readSound(edit(EXAMPLE, from, to));

const ADMINS = "from: [kerberos:cela/root@EXAMPLE.EDU, kerberos:huy/root@EXAMPLE.EDU]";
const withoutCela = changed(ADMINS, "from: [kerberos:huy/root@EXAMPLE.EDU]");

test("who leaves the group of admins is told what he loses", () => {
  const [loss, ...others] = lossesOf("cela", example, withoutCela);
  expect([loss?.principal, others]).toEqual(["cela/root@EXAMPLE.EDU", []]);
  expect(loss?.rights).toContain("admit worker");
  expect(loss?.rights.some((right) => right.startsWith("operate (apply"))).toBe(true);
  expect(loss && formatLoss(loss)).toMatch(
    /^after this, cela\/root@EXAMPLE.EDU .*root on the master/,
  );
});

test.each([
  ["nothing changes", "cela", example],
  ["somebody else leaves", "huy", withoutCela],
  ["nobody of that name is in the policy", "mallory", withoutCela],
  ["the account is only the beginning of a name", "cel", withoutCela],
  ["the account has the form of a principal", "cela/root", withoutCela],
])("nothing is lost: %s", (_, account, after) => {
  expect(lossesOf(account, example, after)).toEqual([]);
});

test("who comes back loses nothing", () => {
  expect(lossesOf("cela", withoutCela, example)).toEqual([]);
});
