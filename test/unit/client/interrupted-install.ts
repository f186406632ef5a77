import { createJournal } from "../../../client/files/journal.ts";
import { installGeneration } from "../../../client/files/install.ts";
import { createMemory } from "../../../client/agent/memory.ts";
import { readState } from "../../../client/agent/state.ts";
import { settle } from "../../../client/agent/accept.ts";
import { Generation } from "../../../client/files/generation.ts";
import { Check } from "typebox/value";

// Puts a generation in place as a run does, and is killed before step number `stop`.
const [root = "", stop = "", text = ""] = process.argv.slice(2);
let count = 0;
const disk = {
  root,
  uid: process.geteuid?.() ?? 0,
  step: () => {
    count += 1;
    if (count === Number(stop)) process.kill(process.pid, "SIGKILL");
  },
};
const gid = process.getegid?.() ?? 0;
const state = readState(disk);
if (state === undefined) throw new TypeError("no state");
const memory = createMemory(disk, gid, state);
const journal = createJournal(disk, { uid: disk.uid, gid, mode: 0o600 });
const generation: unknown = JSON.parse(text);
if (!Check(Generation, generation) || generation.record === undefined) throw new TypeError("bad");
journal.begin(generation, undefined);
installGeneration(disk, generation);
settle({ journal, memory }, generation.record);
