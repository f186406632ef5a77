import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Check } from "typebox/value";
import { CertificateRequests } from "../../../protocol/messages.ts";
import { findIdle } from "../../../client/agent/idle.ts";
import { runCycle } from "../../../client/agent/cycle.ts";
import { openWorkshop } from "../../../client/agent/workshop.ts";
import { diskAt } from "./scratch.ts";
import { DAY, makeNode, MINUTE, type JoinedNode } from "./joined-node.ts";

const granted = ({ renewed }: { renewed: readonly { grant: string }[] }) =>
  renewed.map(({ grant }) => grant);
const requests = ({ keyserver }: JoinedNode): unknown[] =>
  keyserver.calls.flatMap(({ body }) => (body === undefined ? [] : [body]));
const read = ({ root }: JoinedNode, path: string): string => readFileSync(join(root, path), "utf8");
const idle = ({ deps }: JoinedNode) => findIdle(deps.paths, deps.now());

test("the first run fetches everything in one request and then there is nothing to do", async () => {
  const node = await makeNode();
  const report = await node.run();
  expect(granted(report)).toEqual(["web", "ssh-host", "api"]);
  expect([report.exit, report.failed, requests(node).length]).toEqual([0, [], 1]);
  expect(read(node, "var/lib/keyclient/trust/known_hosts")).toMatch(
    /^@cert-authority \*\.example ssh-ed25519 /,
  );
  expect(idle(node)).toMatchObject({ exit: 0 });
  const { length } = node.keyserver.calls;
  expect(granted(await node.run())).toEqual([]);
  expect(node.keyserver.calls.length).toBe(length);
});

test("all that is due goes in one request, identity first, with new keys except the SSH host's", async () => {
  const node = await makeNode();
  await node.run();
  const before = ["etc/web/key", "etc/ssh/host", "etc/ssh/host-cert.pub"].map((path) =>
    read(node, path),
  );
  node.clock.at += 30 * DAY - MINUTE;
  const report = await node.run();
  expect(granted(report)).toEqual(["identity", "web", "ssh-host", "api"]);
  expect(requests(node).length).toBe(2);
  const after = ["etc/web/key", "etc/ssh/host", "etc/ssh/host-cert.pub"].map((path) =>
    read(node, path),
  );
  expect(after.map((text, at) => text === before[at])).toEqual([false, true, false]);
});

test("one refused grant spoils no other and is asked for again after a quarter of an hour", async () => {
  const node = await makeNode();
  node.keyserver.fault.refused.set("web", "policy.not_granted");
  const first = await node.run();
  expect(granted(first)).toEqual(["ssh-host", "api"]);
  expect([first.exit, first.failed[0]?.code]).toEqual([3, "policy.not_granted"]);
  node.clock.at += 14 * MINUTE;
  expect(idle(node)).toMatchObject({ exit: 3 });
  node.clock.at += MINUTE + 1000;
  expect(idle(node)).toBe(undefined);
  node.keyserver.fault.refused.clear();
  expect(await node.run()).toMatchObject({ exit: 0, renewed: [{ grant: "web" }] });
});

test.for([
  { name: "for other names", forge: { dns: ["evil.example"] } },
  { name: "for another subject", forge: { cn: "root" } },
  { name: "not valid yet", forge: { notBefore: 2_000_000_000 } },
  { name: "expired", forge: { notAfter: 1_700_000_000 } },
])("a certificate $name is not put in place and the others are", async ({ forge }) => {
  const node = await makeNode();
  await node.run();
  const before = [read(node, "etc/web/key"), read(node, "etc/web/crt")];
  node.keyserver.fault.forge = (grant, leaf) => (grant === "web" ? { ...leaf, ...forge } : leaf);
  const report = await node.run({ asked: new Set(["web", "api"]), only: true });
  expect([granted(report), report.exit]).toEqual([["api"], 5]);
  expect([read(node, "etc/web/key"), read(node, "etc/web/crt")]).toEqual(before);
});

test("one output that is refused blocks no other", async () => {
  const node = await makeNode();
  mkdirSync(join(node.root, "etc/web"), { recursive: true });
  writeFileSync(join(node.root, "victim"), "untouched");
  symlinkSync(join(node.root, "victim"), join(node.root, "etc/web/key"));
  const report = await node.run();
  expect([granted(report), report.exit]).toEqual([["ssh-host", "api"], 5]);
  expect(report.failed).toMatchObject([
    {
      grant: "web",
      code: "local",
      message: expect.stringContaining("/etc/web/key: is a symbolic link"),
    },
  ]);
  expect(read(node, "victim")).toBe("untouched");
});

test("without a server it is tried again, never within a minute, and at once after it is back", async () => {
  const node = await makeNode();
  node.keyserver.fault.down = true;
  const waits: number[] = [];
  for (let tries = 0; tries < 9; tries += 1) {
    const report = await node.run();
    expect([report.exit, report.obstacle?.message]).toEqual([4, "m1: refused"]);
    const wake = Date.parse(node.state().wake);
    waits.push(Math.round((wake - node.clock.at) / 1000));
    node.clock.at = wake - 1;
    const { length } = node.keyserver.calls;
    await node.run();
    expect(node.keyserver.calls.length).toBe(length);
    node.clock.at = wake;
  }
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(60);
  expect(Math.max(...waits)).toBeLessThanOrEqual(61);
  node.keyserver.fault.down = false;
  expect(await node.run()).toMatchObject({ exit: 0 });
});

test.for([
  { whole: "server.busy" as const, exit: 4 },
  { whole: "internal" as const, exit: 4 },
  { whole: "auth.superseded" as const, exit: 6 },
  { whole: "auth.suspended" as const, exit: 6 },
])(
  "an exchange refused with $whole changes nothing and ends with $exit",
  async ({ whole, exit }) => {
    const node = await makeNode();
    node.keyserver.fault.whole = whole;
    const report = await node.run();
    expect([report.exit, granted(report)]).toEqual([exit, []]);
    expect(report.obstacle?.hints.length).toBeGreaterThan(0);
  },
);

test.for([{ ahead: 61_000 }, { ahead: -61_000 }, { ahead: 400 * DAY }])(
  "clocks that differ by $ahead ms: nothing is changed, exit 7",
  async ({ ahead }) => {
    const node = await makeNode();
    node.keyserver.fault.ahead = ahead;
    const report = await node.run();
    expect([report.exit, granted(report)]).toEqual([7, []]);
    expect(report.obstacle?.message).toMatch(/this machine is .* m1 \(allowed 60 s\)/);
    expect(requests(node)).toEqual([]);
  },
);

const asked = ({ keyserver }: JoinedNode): readonly (readonly string[])[] =>
  keyserver.calls.flatMap(({ body }) =>
    Check(CertificateRequests, body) ? [body.requests.map(({ grant }) => grant)] : [],
  );

test("an expired identity asks for a new one, alone, and for the rest with that", async () => {
  const node = await makeNode();
  await node.run();
  node.clock.at += 50 * DAY;
  const report = await node.run();
  expect([granted(report), report.exit]).toEqual([["identity", "web", "ssh-host", "api"], 0]);
  expect(asked(node).slice(1)).toEqual([["identity"], ["web", "ssh-host", "api"]]);
});

test("an expired identity that the server does not take says which command helps", async () => {
  const node = await makeNode();
  await node.run();
  node.clock.at += 50 * DAY;
  node.keyserver.fault.whole = "auth.expired";
  const report = await node.run();
  expect(report.obstacle).toMatchObject({
    exit: 5,
    message: expect.stringMatching(/^identity expired 10 d ago; /),
    hints: [
      expect.stringContaining("keyserver node admit w1      then here:  keyclient join STRING"),
    ],
  });
  expect(asked(node).length).toBe(1);
});

test.for([{ ahead: 61_000 }, { ahead: -DAY }])(
  "an expired identity under a clock that differs by $ahead ms is not the one to blame",
  async ({ ahead }) => {
    const node = await makeNode();
    await node.run();
    node.clock.at += 50 * DAY;
    node.keyserver.fault.ahead = ahead;
    expect(await node.run()).toMatchObject({ exit: 7, renewed: [] });
    expect(asked(node).length).toBe(1);
  },
);

test("an expired identity for which another's comes back is not replaced", async () => {
  const node = await makeNode();
  await node.run();
  const before = read(node, "var/lib/keyclient/identity/certificate.pem");
  node.clock.at += 50 * DAY;
  node.keyserver.fault.forge = (_, leaf) => ({ ...leaf, cn: "w2" });
  expect(await node.run()).toMatchObject({ renewed: [], obstacle: expect.anything() });
  expect(read(node, "var/lib/keyclient/identity/certificate.pem")).toBe(before);
});

test("a clock that was ahead for a while leaves nothing that waits for its time", async () => {
  const node = await makeNode();
  await node.run();
  node.clock.at += DAY;
  node.keyserver.fault.ahead = -DAY;
  expect(await node.run()).toMatchObject({ exit: 7 });
  node.clock.at -= DAY - MINUTE;
  node.keyserver.fault.ahead = 0;
  expect(idle(node)).toBe(undefined);
  expect(await node.run()).toMatchObject({ exit: 0 });
  expect(idle(node)).toMatchObject({ exit: 0 });
});

test.for([{ back: 60 * MINUTE }, { back: DAY }, { back: Date.parse("2026-05-01T12:00:00Z") }])(
  "a clock that is set back by $back ms is noticed, and put right does no harm",
  async ({ back }) => {
    const node = await makeNode();
    await node.run();
    const files = read(node, "etc/web/crt");
    node.clock.at -= back;
    node.keyserver.fault.ahead = back;
    expect(idle(node)).toBe(undefined);
    expect(await node.run()).toMatchObject({ exit: 7, renewed: [] });
    // Nobody waits for it, and nobody asks more than once a minute.
    const { length } = node.keyserver.calls;
    await node.run();
    expect(node.keyserver.calls.length).toBe(length);
    node.clock.at += 2 * MINUTE + 2000;
    expect(await node.run()).toMatchObject({ exit: 7 });
    node.clock.at += back;
    node.keyserver.fault.ahead = 0;
    expect(await node.run()).toMatchObject({ exit: 0, renewed: [] });
    expect(read(node, "etc/web/crt")).toBe(files);
  },
);

test("what cannot be remembered is not asked for, and the message names the path", async () => {
  const node = await makeNode();
  await node.run();
  const files = read(node, "etc/web/crt");
  node.clock.at += 30 * DAY;
  const step = (name: string): void => {
    if (name === "write state.json") throw Object.assign(new Error("full"), { code: "ENOSPC" });
  };
  const deps = { ...node.deps, disk: diskAt(node.root, step) };
  const { length } = node.keyserver.calls;
  for (let runs = 0; runs < 3; runs += 1) {
    node.clock.at += 5 * MINUTE;
    const run = runCycle(deps, openWorkshop(deps), { asked: new Set(["web"]), only: false });
    await expect(run).rejects.toMatchObject({
      exit: 5,
      message: expect.stringMatching(/^\/var\/lib\/keyclient\/state\.json: no space left/),
    });
  }
  expect([node.keyserver.calls.length, read(node, "etc/web/crt")]).toEqual([length, files]);
  // With room again, the next run does it all.
  expect(granted(await node.run())).toEqual(["identity", "web", "ssh-host", "api"]);
});

test("files that were removed or replaced by another's are put right", async () => {
  const node = await makeNode();
  await node.run();
  rmSync(join(node.root, "etc/web/key"));
  expect(idle(node)).toBe(undefined);
  expect(await node.run()).toMatchObject({ renewed: [{ grant: "web", why: "changed on disk" }] });
  writeFileSync(join(node.root, "etc/web/crt"), read(node, "etc/api/crt"));
  expect(await node.run()).toMatchObject({ renewed: [{ grant: "web", why: "changed on disk" }] });
});

test("renewals that the operator called forward happen once", async () => {
  const node = await makeNode();
  await node.run();
  node.clock.at += 2 * 60 * MINUTE;
  node.keyserver.fault.renewIssuedBefore = "2026-06-01T13:00:00Z";
  expect(granted(await node.run())).toEqual(["identity", "web", "ssh-host", "api"]);
  node.clock.at += 2 * 60 * MINUTE;
  expect(granted(await node.run())).toEqual([]);
});

test("a grant that was withdrawn is said to be denied; its files stay", async () => {
  const node = await makeNode();
  await node.run();
  node.keyserver.fault.withdrawn.add("web");
  node.clock.at += 61 * MINUTE;
  expect((await node.run()).exit).toBe(3);
  expect(read(node, "etc/web/crt")).toContain("BEGIN CERTIFICATE");
  expect(Date.parse(node.state().wake) - node.clock.at).toBeLessThanOrEqual(15 * MINUTE);
});

test("a wrong recipe is told of and stops no other", async () => {
  const node = await makeNode();
  writeFileSync(
    join(node.root, "etc/keysystem/recipes/web.yaml"),
    "grant: web\nreload: rm -rf /\n",
  );
  const report = await node.run();
  expect([granted(report), report.exit]).toEqual([["ssh-host", "api"], 5]);
});
