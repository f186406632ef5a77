import { expect, test } from "vitest";
import { diff } from "../../../policy/effects/diff.ts";
import { codesOf, edit, EXAMPLE, messagesOf, readSound } from "./example.ts";

const IDENTITY = "issue: nodes, usage: client, cn: <node>";
const KUBELET = "cn: system:kube-scheduler";

const recovering = (recover: string): string =>
  edit(EXAMPLE, IDENTITY, `${IDENTITY}, recover: ${recover}`);

test.for([
  { recover: "{ within: 7d }", codes: ["E112"] },
  { recover: "{ times: 3 }", codes: ["E112"] },
  { recover: "{}", codes: ["E112"] },
  { recover: "7d", codes: ["E111"] },
  { recover: "true", codes: ["E111"] },
  { recover: "{ within: 7, times: 3 }", codes: ["E301"] },
  { recover: "{ within: forever, times: 3 }", codes: ["E301"] },
  { recover: "{ within: 91d, times: 3 }", codes: ["E303"] },
  { recover: "{ within: 7d, times: 0 }", codes: ["E111"] },
  { recover: "{ within: 7d, times: 33 }", codes: ["E111"] },
  { recover: '{ within: 7d, times: "3" }', codes: ["E111"] },
  { recover: "{ within: 7d, times: 3, from: offices }", codes: ["E110"] },
])("recover: $recover is refused with $codes", ({ recover, codes }) => {
  expect(codesOf(recovering(recover))).toEqual(codes);
});

test("only the grant of an identity has it", () => {
  const text = edit(EXAMPLE, KUBELET, `${KUBELET}, recover: { within: 7d, times: 3 }`);
  expect(codesOf(text)).toEqual(["E110"]);
  expect(messagesOf(text)[0]).toContain('"recover" and gives no identity');
});

test("what is not written is not allowed", () => {
  const grant = readSound(EXAMPLE).grants.get("node-identity");
  expect(grant).not.toHaveProperty("recover");
});

test("seconds and times are what was written", () => {
  const grant = readSound(recovering("{ within: 90d, times: 32 }")).grants.get("node-identity");
  expect(grant).toMatchObject({ recover: { within: 90 * 86_400, times: 32 } });
});

test.for([
  { before: undefined, after: "{ within: 7d, times: 3 }", gains: true, loses: false },
  { before: "{ within: 7d, times: 3 }", after: undefined, gains: false, loses: true },
  {
    before: "{ within: 7d, times: 3 }",
    after: "{ within: 8d, times: 3 }",
    gains: true,
    loses: false,
  },
  {
    before: "{ within: 7d, times: 3 }",
    after: "{ within: 7d, times: 2 }",
    gains: false,
    loses: true,
  },
])("from $before to $after shows in a diff", ({ before, after, gains, loses }) => {
  const policy = (recover: string | undefined) =>
    readSound(recover === undefined ? EXAMPLE : recovering(recover));
  const changes = diff(policy(before), policy(after));
  expect(changes.length).toBeGreaterThan(0);
  for (const change of changes)
    expect(change).toMatchObject({ grant: "node-identity", gains, loses });
});
