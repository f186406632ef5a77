import { expect, test } from "vitest";
import { formatJoinString } from "../../../protocol/join-string.ts";
import { checkJoinString, readJoinString } from "../../../client/joining/read-string.ts";

const NOW = 1_800_000_000;
const join = {
  cluster: "hyades",
  node: "w3",
  servers: ["m1.example:20557"],
  pin: Buffer.alloc(32, 7),
  expires: NOW + 3600,
  secret: Buffer.alloc(16, 9),
};
const text = formatJoinString(join);
const checks = { now: NOW * 1000, hostname: "w3", node: undefined };

const outcome = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

test.for([
  { name: "one letter wrong", damaged: text.replace(/.$/, (last) => (last === "A" ? "B" : "A")) },
  { name: "cut short", damaged: text.slice(0, -6) },
  { name: "two groups swapped", damaged: text.replace(/-(\w{5})-(\w{5})-/, "-$2-$1-") },
  { name: "another node in front", damaged: text.replace("-w3-", "-w4-") },
])("a string with $name is damaged, and the hint names the node", ({ damaged }) => {
  expect(damaged).not.toBe(text);
  expect(outcome(() => readJoinString(damaged))).toMatchObject({
    exit: 2,
    message: "join string is damaged: its checksum does not fit, nothing was sent",
    hints: [expect.stringMatching(/keyserver node admit w[34]$/)],
  });
});

test.for(["", "hello", "kubeadm join 10.0.0.1", "KS1-a-b"])("%j is no join string", (other) => {
  expect(outcome(() => readJoinString(other))).toMatchObject({
    exit: 2,
    message: expect.stringContaining("not a join string"),
  });
});

test("a string around which spaces were pasted is good", () => {
  expect(readJoinString(`  ${text}\n`)).toMatchObject({ node: "w3", cluster: "hyades" });
});

test.for([
  { name: "for this machine", with: checks, want: undefined },
  {
    name: "on a machine without a name",
    with: { ...checks, hostname: undefined },
    want: undefined,
  },
  {
    name: "said to be for it",
    with: { ...checks, hostname: "debian", node: "w3" },
    want: undefined,
  },
  {
    name: "on another machine",
    with: { ...checks, hostname: "w2" },
    want: { exit: 2, message: expect.stringContaining("is for w3, and this machine is w2") },
  },
  {
    name: "said to be another",
    with: { ...checks, node: "w2" },
    want: { exit: 2, message: expect.stringContaining("is for w3, and this machine is w2") },
  },
  {
    name: "in its last second",
    with: { ...checks, now: (NOW + 3600) * 1000 - 1 },
    want: undefined,
  },
  {
    name: "after its time",
    with: { ...checks, now: (NOW + 3600) * 1000 },
    want: { exit: 6, message: expect.stringContaining("expired") },
  },
])("a string $name", ({ with: given, want }) => {
  const failure = outcome(() => checkJoinString(join, given));
  if (want === undefined) expect(failure).toBe(undefined);
  else expect(failure).toMatchObject(want);
});

test.for(["m1.example:20557\u001B[2K", "m1 .example:1", "m1\u202E.example:1", ""])(
  "a server called %j could steer the terminal that --inspect shows it on",
  (server) => {
    const hostile = formatJoinString({ ...join, servers: ["m1.example:20557", server] });
    expect(outcome(() => readJoinString(hostile))).toMatchObject({ exit: 2 });
  },
);
