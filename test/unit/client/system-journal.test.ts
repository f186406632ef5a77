import { fstatSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CycleReport } from "../../../client/agent/report.ts";
import { entriesOf, sayReport } from "../../../client/commands/say-report.ts";
import {
  findSystemJournal,
  formatEntry,
  type JournalEntry,
} from "../../../client/service/system-journal.ts";
import { createOutput } from "../../../client/terminal/output.ts";

const nothing: CycleReport = {
  renewed: [],
  failed: [],
  activations: [],
  recovered: [],
  exit: 0,
};
const busy: CycleReport = {
  ...nothing,
  recovered: ["kubelet"],
  renewed: [
    { grant: "etcd-server", why: "due", serial: "0a" },
    { grant: "etcd-peer", why: "due", serial: "0b" },
    { grant: "kube-proxy", why: "due", serial: "0c" },
  ],
  activations: [
    { grant: "etcd-server", activation: { outcome: "in use" } },
    { grant: "etcd-peer", activation: { outcome: "failed", message: "x ended with 1" } },
    { grant: "registry", activation: { outcome: "told" } },
  ],
  failed: [{ grant: "ssh-host", code: "policy.not_granted", message: "no grant" }],
};

describe("entries of the journal", () => {
  test("are none when nothing was done", () => expect(entriesOf(nothing, "m1")).toEqual([]));

  test("are one for each credential, whatever was done for it", () => {
    const said = entriesOf(busy, "m1").map(({ priority, message, fields }) => {
      const { EVENT, GRANT, NODE, SERIAL = "", SERVICE = "", CODE = "" } = fields;
      return [priority, EVENT, NODE, GRANT, SERIAL, SERVICE, CODE, message].join(" | ");
    });
    expect(said).toEqual([
      "5 | recovered | m1 | kubelet |  |  |  | kubelet: an interrupted renewal was finished",
      "5 | renewed | m1 | etcd-server | 0a | in use |  | etcd-server: renewed (due), serial 0a; the service serves it",
      "4 | renewed | m1 | etcd-peer | 0b | failed |  | etcd-peer: renewed (due), serial 0b; x ended with 1",
      "5 | renewed | m1 | kube-proxy | 0c |  |  | kube-proxy: renewed (due), serial 0c",
      "5 | reloaded | m1 | registry |  | told |  | registry: the service was told",
      "4 | failed | m1 | ssh-host |  |  | policy.not_granted | ssh-host: no grant",
    ]);
  });

  test("hold no line, and so no field, that somebody else wrote", () => {
    const hostile = "no\nKEYSYSTEM_SERIAL=forged\r\n\u0000PRIORITY=0\u0085x";
    const entry: JournalEntry = { message: hostile, priority: 4, fields: { GRANT: hostile } };
    const names = formatEntry(entry, 7)
      .trimEnd()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names).toEqual([
      "MESSAGE",
      "PRIORITY",
      "SYSLOG_IDENTIFIER",
      "OBJECT_PID",
      "KEYSYSTEM_GRANT",
    ]);
  });
});

describe("the journal", () => {
  test("is there only where it is our standard error", () => {
    const { dev, ino } = fstatSync(2);
    expect(findSystemJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, 7)).toBeDefined();
    // An environment that somebody else's service handed on.
    expect(findSystemJournal({ JOURNAL_STREAM: `${dev}:${ino}1` }, 7)).toBeUndefined();
    expect(findSystemJournal({ JOURNAL_STREAM: "" }, 7)).toBeUndefined();
    expect(findSystemJournal({}, 7)).toBeUndefined();
  });

  const output = () => {
    const lines: string[] = [];
    const stream = { write: (text: string) => lines.push(text) };
    const options = { json: false, quiet: true, verbose: false, color: false };
    return { lines, out: createOutput(options, { stdout: stream, stderr: stream }) };
  };

  test("gets what is said otherwise, and nobody says it again", async () => {
    const { lines, out } = output();
    const kept: JournalEntry[] = [];
    const journal = (entry: JournalEntry) => Promise.resolve(kept.push(entry) > 0);
    await sayReport(out, busy, { node: "m1", journal });
    expect([kept.length, lines]).toEqual([6, []]);
  });

  test("that does not take an entry is no reason to keep it to oneself", async () => {
    const { lines, out } = output();
    await sayReport(out, busy, { node: "m1", journal: () => Promise.resolve(false) });
    expect(lines).toHaveLength(6);
    expect(lines[0]).toBe("keyclient: kubelet: an interrupted renewal was finished\n");
  });
});
