import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { checkLedger } from "../../../server/ledger/check.ts";
import { createLedger } from "../../../server/ledger/ledger-file.ts";
import { openLedger } from "../../../server/ledger/sqlite.ts";
import { createFolder, intentOf, issue, joinNode, NOW } from "./fixture.ts";

/** A ledger with one of everything, closed. */
async function createSample(): Promise<string> {
  const file = `${createFolder()}/ledger.db`;
  createLedger(file);
  const ledger = openLedger({ file, now: () => NOW });
  await joinNode(ledger, "w3");
  await joinNode(ledger, "w4");
  await issue(ledger, { authority: "etcd", grant: "etcd-peer" });
  const refused = intentOf();
  await ledger.intend([refused]);
  await ledger.abandon([{ authority: "nodes", serial: refused.serial, why: "refused" }]);
  await ledger.close();
  return file;
}

/** Changes the file past triggers and constraints. */
function tamper(file: string, sql: string): void {
  const db = new Database(file);
  db.pragma("foreign_keys = OFF");
  db.pragma("ignore_check_constraints = ON");
  const triggers = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
  for (const name of triggers.pluck().all()) db.exec(`DROP TRIGGER ${name}`);
  db.exec(sql);
  db.close();
}

test("a sound ledger has no faults, open or closed", async () => {
  const file = await createSample();
  expect(checkLedger(file)).toEqual([]);
  const ledger = openLedger({ file, now: () => NOW });
  await ledger.intend([intentOf()]);
  expect(checkLedger(file)).toEqual([]);
  await ledger.close();
});

test.for([
  ["DELETE FROM certificates WHERE intent = 3", "tells of a certificate that is not there"],
  ["DELETE FROM certificates WHERE intent = 3", "authority etcd does not count"],
  [
    "DELETE FROM certificates WHERE intent = 1",
    "token .* is not spent for an identity certificate",
  ],
  ["DELETE FROM certificates WHERE intent = 1", "refers to a row that is not there"],
  ["DELETE FROM intents WHERE seq = 3", "certificate 3 has no log entry that tells of it"],
  ["DELETE FROM intents WHERE seq = 4", "intent 4 was abandoned without a log entry"],
  ["DELETE FROM abandoned", "tells of an abandoned intent that is not there"],
  ["DELETE FROM abandoned; UPDATE schema SET settled = 4", "intent 4 was left open"],
  ["DELETE FROM log WHERE seq = 3", "log entry 3: entry 3 is missing"],
  ["DELETE FROM log", "certificate 1 has no log entry"],
  ["UPDATE log SET body = replace(body, 'w4', 'w5')", "log entry 3: its hash does not follow"],
  ["UPDATE log SET body = 'no JSON' WHERE seq = 1", "malformed JSON"],
  ["UPDATE certificates SET certificate = x'00' WHERE intent = 3", "certificate 3 has a log entry"],
  ["UPDATE certificates SET entry = 4 WHERE intent = 3", "log entry 4 is told of by more than one"],
  ["UPDATE certificates SET identity_of = 'w9' WHERE intent = 1", "node w3 has used an identity"],
  ["UPDATE intents SET subject = 99 WHERE seq = 3", "intent 3 names an authority, grant"],
  ["UPDATE intents SET grant_id = 1 WHERE seq = 3", "intent 3 names an authority, grant"],
  ["UPDATE intents SET serial = randomblob(20) WHERE seq = 3", "certificate 3 has no log entry"],
  ["UPDATE names SET name = 'evil' WHERE name = 'etcd-peer'", "certificate 3 has no log entry"],
  ["INSERT INTO abandoned VALUES (3, 5, '')", "intent 3 has both a certificate and an end"],
  ["UPDATE tokens SET state = 'open', spent_for = NULL, bound_to = NULL", "has been joined with"],
  ["UPDATE tokens SET spent_for = 1", "was spent for a certificate that another was spent for"],
  ["UPDATE nodes SET confirmed = 3", "has used an identity certificate that is not its own"],
  ["UPDATE tallies SET issued = issued + 1", "does not count its certificates right"],
  ["DELETE FROM tallies", "does not count its certificates right"],
  ["DROP TABLE tallies", "no such table"],
] as const)("%s: %s", async ([sql, want]) => {
  const file = await createSample();
  tamper(file, sql);
  expect(checkLedger(file).join("\n")).toMatch(new RegExp(want));
});

test("a serial that is there twice is found without the index that forbids it", async () => {
  const file = await createSample();
  tamper(
    file,
    `CREATE TABLE copy AS SELECT * FROM intents; DROP TABLE intents;
     CREATE TABLE intents (seq INTEGER PRIMARY KEY, authority, serial, grant_id, subject, policy, key,
       at, source, reason);
     INSERT INTO intents SELECT * FROM copy; DROP TABLE copy;
     INSERT INTO intents SELECT 9, authority, serial, grant_id, subject, policy, key, at, source, reason
     FROM intents WHERE seq = 1`,
  );
  expect(checkLedger(file).join("\n")).toMatch(
    /serial [0-9a-f]{40} of authority 1 is used more than once/,
  );
});

test("a file that is none is a fault", () => {
  expect(checkLedger(`${createFolder()}/missing.db`)).toHaveLength(1);
});
