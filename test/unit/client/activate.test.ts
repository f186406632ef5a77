import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { activate, type ActivateDeps } from "../../../client/agent/activate.ts";
import { settle } from "../../../client/agent/accept.ts";
import type { CredentialRecord } from "../../../client/agent/credential.ts";
import { createMemory, reloadKey } from "../../../client/agent/memory.ts";
import type { State } from "../../../client/agent/state.ts";
import { installGeneration } from "../../../client/files/install.ts";
import { createJournal } from "../../../client/files/journal.ts";
import type { Recipe } from "../../../client/recipe/recipe.ts";
import type { HookResult } from "../../../client/service/hook.ts";
import type { Served } from "../../../client/service/probe.ts";
import { diskAt, makeRoot, OWN, put } from "./scratch.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const LATER = "2026-07-01T00:00:00Z";

const recordOf = (serial: string, change: Partial<CredentialRecord> = {}): CredentialRecord => ({
  grant: "web",
  authority: "services",
  serial,
  notBefore: "2026-05-01T00:00:00Z",
  notAfter: LATER,
  issued: "2026-05-01T00:00:00Z",
  renewAfter: LATER,
  renewBefore: LATER,
  certificate: Buffer.from(serial).toString("base64"),
  reload: "due",
  answered: true,
  ...change,
});
const recipe: Recipe = {
  grant: "web",
  source: "web.yaml",
  shipped: false,
  files: { form: "pem", key: "/etc/web/key", certificate: "/etc/web/crt" },
  uid: OWN.uid,
  gid: OWN.gid,
  keyMode: 0o600,
  keepKey: false,
  bundles: [],
  reload: [["reload-web"]],
  probe: { tls: "127.0.0.1:443" },
  timeout: 3,
};
const files = (text: string) =>
  ["key", "crt"].map((name) => ({
    path: `/etc/web/${name}`,
    uid: OWN.uid,
    gid: OWN.gid,
    mode: 0o600,
    content: Buffer.from(`${text} ${name}`).toString("base64"),
  }));
const shows = (serial: string): Served => ({
  state: "served",
  certificates: [Buffer.from(serial)],
});
const GONE: Served = { state: "silent", why: "refused" };
const BROKEN: Served = { state: "broken", why: "no certificate" };

/** A node on which "new" was just put in place of "old". */
function replaced(record: CredentialRecord, before: CredentialRecord) {
  const root = makeRoot();
  const disk = diskAt(root);
  for (const name of ["key", "crt"]) put(root, `etc/web/${name}`, `old ${name}`, 0o600);
  const empty: State = {
    schema: 1,
    cluster: "c",
    node: "n",
    identity: "id",
    joined: LATER,
    wake: LATER,
    written: LATER,
    exit: 0,
    stamps: [],
    offers: [],
    refused: [],
    credentials: {},
    setbacks: {},
  };
  const memory = createMemory(disk, OWN.gid, empty);
  const journal = createJournal(disk, OWN);
  const generation = { schema: 1 as const, grant: "web", files: files("new"), record };
  journal.begin(generation, before);
  installGeneration(disk, generation);
  settle({ journal, memory }, record);
  return { root, disk, memory, journal };
}

function scene(
  served: readonly Served[],
  {
    hook = { ok: true },
    record = recordOf("new"),
    before = recordOf("old"),
  }: {
    readonly hook?: HookResult;
    readonly record?: CredentialRecord;
    readonly before?: CredentialRecord;
  } = {},
) {
  const node = replaced(record, before);
  let at = NOW;
  let probes = 0;
  const hooks: string[] = [];
  const deps: ActivateDeps = {
    ...node,
    now: () => at,
    random: () => 0,
    runHook: ({ command }) => {
      hooks.push(readFileSync(join(node.root, "etc/web/crt"), "utf8"));
      expect(command).toEqual(["reload-web"]);
      return Promise.resolve(hook);
    },
    probe: () => {
      const last = served.at(-1) ?? GONE;
      return Promise.resolve(served[probes++] ?? last);
    },
    pause: (time) => {
      at += time;
      return Promise.resolve();
    },
  };
  const run = (what = recipe) => activate(deps, what, record);
  const pair = (): readonly string[] =>
    ["key", "crt"].map((name) => readFileSync(join(node.root, "etc/web", name), "utf8"));
  return { run, pair, hooks, memory: node.memory, elapsed: () => at - NOW };
}

const NEW = ["new key", "new crt"];
const OLD = ["old key", "old crt"];

test.for([
  { name: "at once", served: [shows("new")] },
  { name: "after a moment of the old one", served: [shows("old"), shows("old"), shows("new")] },
  { name: "after a moment of silence", served: [GONE, BROKEN, GONE, shows("new")] },
])("a service that serves the new one $name is in use", async ({ served }) => {
  const { run, pair, hooks, memory } = scene(served);
  expect(await run()).toEqual({ outcome: "in use" });
  expect([pair(), hooks]).toEqual([NEW, ["new crt"]]);
  expect(memory.state().credentials["web"]?.reload).toBe("done");
});

test.for([
  { name: "is gone", served: [GONE] },
  { name: "listens and shows nothing", served: [BROKEN] },
])(
  "a service that answered before and $name gets its old pair back, and is told",
  async ({ served }) => {
    const { run, pair, hooks, memory, elapsed } = scene(served);
    expect(await run()).toMatchObject({ outcome: "rolled back" });
    expect([pair(), hooks]).toEqual([OLD, ["new crt", "old crt"]]);
    expect(memory.state().credentials["web"]).toMatchObject({
      serial: "old",
      reload: "rolled-back",
    });
    expect(memory.state().setbacks["web"]?.message).toMatch(/did not take the certificate new/);
    expect(elapsed()).toBeGreaterThanOrEqual(3000);
  },
);

test.for([
  { name: "keeps the old certificate", served: [shows("old")], record: recordOf("new") },
  {
    name: "was not running before either",
    served: [GONE],
    record: recordOf("new", { answered: false }),
  },
  { name: "was broken before", served: [BROKEN], record: recordOf("new", { answered: false }) },
])("a service that $name is no reason to go back", async ({ served, record }) => {
  const { run, pair, elapsed } = scene(served, { record });
  expect(await run()).toEqual({ outcome: "not in use" });
  expect(pair()).toEqual(NEW);
  expect(elapsed()).toBeLessThanOrEqual(5250);
});

test("an old pair that has expired is not put back", async () => {
  const before = recordOf("old", { notAfter: "2026-06-01T11:59:59Z" });
  const { run, pair, memory } = scene([GONE], { before });
  expect(await run()).toMatchObject({ outcome: "failed" });
  expect(pair()).toEqual(NEW);
  expect(memory.state().credentials["web"]?.reload).toBe("failed");
});

test("a hook that fails is remembered, tried again later, and the new files stay", async () => {
  const hook = { ok: false, message: "nginx ended with 1", detail: "line 3" } as const;
  const { run, pair, memory } = scene([shows("old")], { hook });
  expect(await run()).toEqual({ outcome: "failed", message: "nginx ended with 1: line 3" });
  expect(pair()).toEqual(NEW);
  expect(memory.state().credentials["web"]?.reload).toBe("failed");
  const { next = "" } = memory.state().setbacks[reloadKey("web")] ?? {};
  expect(Date.parse(next)).toBeGreaterThanOrEqual(NOW + 60_000);
});

test("without a probe the service is told and that is all", async () => {
  const { probe: _, ...plain } = recipe;
  const { run, hooks } = scene([GONE]);
  expect(await run(plain)).toEqual({ outcome: "told" });
  expect(hooks).toEqual(["new crt"]);
});
