import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CredentialRecord } from "../../../client/agent/credential.ts";
import { readState, writeState, type State } from "../../../client/agent/state.ts";
import { settle } from "../../../client/agent/accept.ts";
import type { Disk } from "../../../client/files/disk.ts";
import type { Generation } from "../../../client/files/generation.ts";
import { installGeneration } from "../../../client/files/install.ts";
import { createJournal } from "../../../client/files/journal.ts";
import { recover, sweep } from "../../../client/agent/recover.ts";
import { createMemory } from "../../../client/agent/memory.ts";
import { diskAt, makeRoot, OWN, put } from "./scratch.ts";

const SCRIPT = join(import.meta.dirname, "interrupted-install.ts");
const TIME = "2026-01-01T00:00:00Z";

const record: CredentialRecord = {
  grant: "web",
  authority: "services",
  serial: "new",
  notBefore: TIME,
  notAfter: TIME,
  issued: TIME,
  renewAfter: TIME,
  renewBefore: TIME,
  certificate: "",
  reload: "due",
  answered: false,
};
const stored = (path: string, mode: number, text: string) => ({
  path,
  uid: OWN.uid,
  gid: OWN.gid,
  mode,
  content: Buffer.from(text).toString("base64"),
});
const generation: Generation = {
  schema: 1,
  grant: "web",
  files: [stored("/etc/web/key", 0o600, "new key"), stored("/etc/web/crt", 0o644, "new crt")],
  record,
};

function joinedRoot(): string {
  const root = makeRoot();
  put(root, "etc/web/key", "old key", 0o600);
  put(root, "etc/web/crt", "old crt", 0o644);
  const state: State = {
    schema: 1,
    cluster: "c",
    node: "n",
    identity: "id",
    joined: TIME,
    wake: TIME,
    written: TIME,
    exit: 0,
    stamps: [],
    offers: [],
    refused: [],
    credentials: {},
    setbacks: {},
  };
  writeState(diskAt(root), OWN.gid, state);
  return root;
}

/** Runs `work` and copies the whole root before each of its steps: what a kill there would leave. */
function snapshots(root: string, work: (disk: Disk) => void): readonly string[] {
  const copies: string[] = [];
  const step = (): void => {
    const copy = makeRoot();
    cpSync(root, copy, { recursive: true });
    copies.push(copy);
  };
  work(diskAt(root, step));
  return copies;
}

function install(disk: Disk): void {
  const { journal, memory } = openState(disk);
  journal.begin(generation, undefined);
  installGeneration(disk, generation);
  settle({ journal, memory }, record);
}

function openState(disk: Disk) {
  const state = readState(disk);
  if (state === undefined) throw new TypeError("no state");
  return { memory: createMemory(disk, OWN.gid, state), journal: createJournal(disk, OWN) };
}

const standing = (root: string) => ({
  key: readFileSync(join(root, "etc/web/key"), "utf8").slice(0, 3),
  crt: readFileSync(join(root, "etc/web/crt"), "utf8").slice(0, 3),
});

function repair(root: string, disk = diskAt(root)) {
  const { memory, journal } = openState(disk);
  const found = recover(disk, journal, memory);
  sweep(disk, generation.files);
  return found;
}

test("stopped before any step of a renewal, the next start leaves one whole pair", () => {
  const stops = snapshots(joinedRoot(), install);
  expect(stops.length).toBeGreaterThan(15);
  const mixed = stops.filter((root) => standing(root).key !== standing(root).crt);
  const outcomes = stops.map((root, stop) => {
    expect(repair(root).stuck).toEqual([]);
    expectWhole(root, `stopped before step ${stop}`);
    return standing(root).key;
  });
  // Both outcomes occur, and the one moment in which the pair does not fit was among the stops.
  expect([...new Set(outcomes)]).toEqual(["old", "new"]);
  expect(mixed.length).toBe(1);
});

function expectWhole(root: string, when: string): void {
  const { key, crt } = standing(root);
  expect(key, when).toBe(crt);
  const known = readState(diskAt(root))?.credentials["web"]?.serial;
  expect(known, when).toBe(key === "new" ? "new" : undefined);
  expect(readdirSync(join(root, "etc/web")).toSorted(), when).toEqual(["crt", "key"]);
  expect(statSync(join(root, "etc/web/key")).mode & 0o777).toBe(0o600);
  expect(statSync(join(root, "etc/web/crt")).mode & 0o777).toBe(0o644);
  expect(existsSync(join(root, "var/lib/keyclient/staged/web.json"))).toBe(false);
}

test("stopped again during the repair, the start after that still repairs", () => {
  const stops = snapshots(joinedRoot(), install);
  const between = stops.find((root) => standing(root).key !== standing(root).crt) ?? "";
  const again = snapshots(between, (disk) => void repair(between, disk));
  expect(again.length).toBeGreaterThan(5);
  for (const [stop, root] of again.entries()) {
    repair(root);
    expectWhole(root, `repair stopped before step ${stop}`);
    expect(standing(root).key).toBe("new");
  }
});

test("killed for real between the two renames, the next start repairs", () => {
  const names: string[] = [];
  const first = joinedRoot();
  install(diskAt(first, (name) => void names.push(name)));
  const root = joinedRoot();
  const stop = names.indexOf("rename crt") + 1;
  const args = [SCRIPT, root, `${stop}`, JSON.stringify(generation)];
  expect(spawnSync(process.execPath, args).signal).toBe("SIGKILL");
  expect(standing(root)).toEqual({ key: "new", crt: "old" });
  expect(repair(root).finished).toEqual(["web"]);
  expectWhole(root, "killed");
});

test("a promise that cannot be read is dropped and changes nothing", () => {
  const root = joinedRoot();
  put(root, "var/lib/keyclient/staged/web.json", '{"schema":1,"gra', 0o600);
  expect(repair(root)).toEqual({ finished: [], stuck: [] });
  expect(standing(root)).toEqual({ key: "old", crt: "old" });
  expect(readdirSync(join(root, "var/lib/keyclient/staged"))).toEqual([]);
});
