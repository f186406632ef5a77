import { expect, test } from "vitest";
import type { Status } from "../../../protocol/admin-messages.ts";
import {
  type Ask,
  checkClock,
  checkUnits,
  judgeRoom,
} from "../../../server/commands/doctor-machine.ts";
import { checkServer } from "../../../server/commands/doctor-server.ts";

const MEGABYTE = 1024 * 1024;

test.for([
  { free: 63 * MEGABYTE, part: 0.9, state: "problem" },
  { free: 64 * MEGABYTE, part: 0.04, state: "warning" },
  { free: 64 * MEGABYTE, part: 0.05, state: "ok" },
  { free: 2048 * MEGABYTE, part: 0.01, state: "ok" },
])("$free bytes free, $part of all: $state", ({ free, part, state }) =>
  expect(judgeRoom({ folder: "/var", free, part })).toMatchObject({ state }),
);

const says =
  (answer: string | undefined): Ask =>
  () =>
    Promise.resolve(answer);

test.for([
  { answer: "yes\n", state: "ok" },
  { answer: "no\n", state: "warning" },
  { answer: "", state: "skipped" },
  { answer: undefined, state: "skipped" },
])("a clock that timedatectl calls $answer: $state", async ({ answer, state }) =>
  expect(await checkClock(says(answer))).toMatchObject({ state }),
);

test.for([
  { answer: undefined, state: "skipped" },
  { answer: "LoadState=not-found\nActiveState=inactive\n", state: "skipped" },
  { answer: "LoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n", state: "problem" },
  { answer: "LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n", state: "warning" },
  { answer: "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n", state: "ok" },
])("units that are $answer: $state", async ({ answer, state }) =>
  expect(await checkUnits(says(answer))).toMatchObject({ state }),
);

const NOW = Date.UTC(2030, 0, 1) / 1000;
const inDays = (days: number): string => new Date((NOW + days * 86_400) * 1000).toISOString();

const status = (problems: readonly string[], ends: number): Status => ({
  cluster: "demo",
  domain: "demo.test",
  startedAt: inDays(-1),
  now: inDays(0),
  policy: { hash: "ab".repeat(32), appliedAt: inDays(-1), grants: 1, nodes: 1, fileInForce: true },
  pin: "cd".repeat(32),
  ready: true,
  problems: [...problems],
  authorities: [
    {
      name: "nodes",
      kind: "tls",
      key: "ecdsa-p256",
      anchor: "",
      fingerprint: "",
      notAfter: inDays(ends),
      issued: 0,
    },
  ],
  checkpoint: { size: 1, head: "ef".repeat(32) },
  joinedNodes: 0,
  openTokens: 0,
  ownCertificateEnds: inDays(20),
});

const find = (problems: readonly string[], ends = 3650) =>
  checkServer(status(problems, ends), { kerberos: true, ldap: false }, NOW);

test.for([
  { problem: "ledger: disk full", name: "ledger", text: "disk full" },
  { problem: "signer: gone", name: "signer", text: "gone" },
  { problem: "certificate: over", name: "certificate", text: "over" },
  { problem: "kerberos: the keytab is empty", name: "kerberos", text: "the keytab is empty" },
  { problem: "ldap: two lines:\nof it", name: "ldap", text: "two lines:\nof it" },
  {
    problem: "/etc/keysystem/policy.yaml is not the policy in force",
    name: "policy",
    text: /yaml is not/,
  },
  { problem: "the policy asks directory gitlab, and …", name: "policy", text: /gitlab/ },
])("$problem is a problem of $name, in the place of what is well", ({ problem, name, text }) => {
  const own = find([problem]).filter((finding) => finding.name === name);
  expect(own).toMatchObject([{ state: "problem", fix: expect.stringMatching(/./) }]);
  expect(own[0]?.text).toMatch(text);
});

test("what status says and nobody knows here is shown all the same", () =>
  expect(find(["weather: rain"])).toContainEqual(
    expect.objectContaining({ name: "weather", state: "problem", text: "rain" }),
  ));

test.for([
  { ends: 3650, state: "ok" },
  { ends: 181, state: "ok" },
  { ends: 180, state: "warning" },
  { ends: 31, state: "warning" },
  { ends: 30, state: "problem" },
  { ends: -1, state: "problem" },
])("an authority that ends in $ends days: $state", ({ ends, state }) =>
  expect(find([], ends).filter(({ name }) => name === "authorities")).toMatchObject([{ state }]),
);
