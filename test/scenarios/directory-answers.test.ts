import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { BASE } from "../harness/directory-entries.ts";
import {
  type Behaviour,
  formatEntry,
  formatResult,
  type HostileLdap,
  searches,
  startHostileLdap,
  type Wire,
} from "../harness/hostile-ldap.ts";
import { hostileConfigOf } from "../harness/ldap-config.ts";
import { makeTlsFiles, type TlsFiles } from "../harness/tls-files.ts";

const folder = mkdtempSync(join(tmpdir(), "directory-hostile-"));
const alice = { kind: "user", user: "alice" } as const;
const PERSON = `uid=alice,ou=people,${BASE}`;
let tls: TlsFiles;

beforeAll(async () => {
  tls = await makeTlsFiles(join(folder, "tls"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const connect = ({ port }: HostileLdap, changes: Partial<LdapConfig> = {}): Directory =>
  createLdapDirectory(hostileConfigOf(port, tls, changes), { warn: () => undefined });

const hostile = (behaviour: Partial<Behaviour>): Promise<HostileLdap> =>
  startHostileLdap({ tls, immediate: true, ...behaviour });

describe("answers", () => {
  const done = (id: number): Buffer => formatResult(id, 0x65, 0);
  const found = (id: number, dn: string, uid: readonly (string | Buffer)[]): Buffer =>
    formatEntry(id, dn, { uid });
  const floods = (piece: (id: number) => Buffer) => (id: number, wire: Wire) => {
    for (let count = 0; count < 2000; count += 1) wire.send(piece(id));
    wire.send(done(id));
  };

  test.for<readonly [string, (id: number, wire: Wire) => void, RegExp]>([
    ["without end", floods((id) => found(id, PERSON, ["alice"])), /more than 1000 entries/],
    [
      "as one huge message",
      (_, wire) => wire.send(Buffer.from("3084400000000201", "hex")),
      /more than 1048576 bytes/,
    ],
    [
      "as many large messages",
      floods((id) => found(id, PERSON, ["x".repeat(9000)])),
      /more than 4194304 bytes/,
    ],
    ["that are not LDAP", (_, wire) => wire.send(Buffer.from("GET / HTTP/1.1\r\n")), /not LDAP/],
    ["for another question", (id, wire) => wire.send(done(id + 1)), /nobody asked/],
    ["for a bind", (id, wire) => wire.send(formatResult(id, 0x61, 0)), /nobody asked/],
    [
      "and the goodbye of the directory",
      (_, wire) => wire.send(formatResult(0, 0x78, 52)),
      /ends connections/,
    ],
    ["with the end of the connection", (_, wire) => wire.end(), /ends connections/],
    ["that never come", () => undefined, /timed out after 1 s/],
    [
      "of somewhere else",
      (id, wire) =>
        wire.send(Buffer.concat([found(id, `uid=alice,ou=staff,${BASE}`, ["alice"]), done(id)])),
      /another place/,
    ],
    [
      "whose name is none",
      (id, wire) =>
        wire.send(Buffer.concat([found(id, `uid=alice;ou=people,${BASE}`, ["alice"]), done(id)])),
      /another place/,
    ],
    [
      "that are the base itself",
      (id, wire) => wire.send(Buffer.concat([found(id, `ou=people,${BASE}`, ["alice"]), done(id)])),
      /another place/,
    ],
    [
      "of two entries",
      (id, wire) =>
        wire.send(
          Buffer.concat([found(id, PERSON, ["alice"]), found(id, PERSON, ["alice"]), done(id)]),
        ),
      /more than one entry/,
    ],
    [
      "with two names",
      (id, wire) => wire.send(Buffer.concat([found(id, PERSON, ["alice", "bob"]), done(id)])),
      /one clear name/,
    ],
    [
      "with a name that is not UTF-8",
      (id, wire) =>
        wire.send(Buffer.concat([found(id, PERSON, ["alice", Buffer.from([0xff])]), done(id)])),
      /one clear name/,
    ],
    ["that are busy", (id, wire) => wire.send(formatResult(id, 0x65, 51)), /is busy/],
    [
      "cut off by a limit",
      (id, wire) =>
        wire.send(Buffer.concat([found(id, PERSON, ["alice"]), formatResult(id, 0x65, 4)])),
      /so many entries/,
    ],
  ])("%s", async ([, onSearch, words]) => {
    await using server = await hostile({ onSecure: searches(onSearch) });
    const isLate = words.source.includes("timed out");
    const directory = connect(server, isLate ? { timeout: 1 } : {});
    await expect(directory.findPerson(alice)).rejects.toThrow(words);
    await directory.close();
  });

  test("nothing is asked about names that no policy can have", async () => {
    await using server = await hostile({});
    const directory = connect(server);
    for (const user of ["", "*", "ALICE", "alice\n", "a,ou=x", "\u017ftaff", "x".repeat(33)]) {
      expect(await directory.findPerson({ kind: "user", user })).toBeUndefined();
      expect(await directory.checkPassword(user, "x")).toBeUndefined();
    }
    expect(server.connections()).toBe(0);
    await directory.close();
  });

  test.for<readonly [string, readonly (string | Buffer)[]]>([
    ["another name", ["bob"]],
    ["another case", ["ALICE"]],
    ["a byte order mark", ["\ufeffalice"]],
    ["a NUL", ["alice\0"]],
    ["no name", []],
  ])("with %s are nobody", async ([, uid]) => {
    await using server = await hostile({
      onSecure: searches((id, wire) =>
        wire.send(Buffer.concat([found(id, PERSON, uid), done(id)])),
      ),
    });
    const directory = connect(server);
    expect(await directory.findPerson(alice)).toBeUndefined();
    await directory.close();
  });

  test("a bind without its result is no success", async () => {
    await using server = await hostile({
      onSecure: ({ id }, wire) => wire.send(Buffer.from([0x30, 5, 2, 1, id, 0x61, 0])),
    });
    const directory = connect(server);
    await expect(directory.probe()).rejects.toThrow("not LDAP");
    await expect(directory.checkPassword("alice", "x")).rejects.toThrow("not LDAP");
    await directory.close();
  });

  test("groups that are none, or of somewhere else, are left out", async () => {
    const groups = `ou=groups,${BASE}`;
    const memberOf = [
      `cn=staff,${groups}`,
      `CN=Admins,OU=Groups,${BASE}`,
      `cn=deep,ou=x,${groups}`,
      `cn=far,ou=elsewhere,${BASE}`,
      `cn=two words,${groups}`,
      `cn=${"x".repeat(65)},${groups}`,
      `cn=,${groups}`,
      `ou=staff2,${groups}`,
      `cn=a+cn=b,${groups}`,
      String.raw`cn=st\61ff3,${groups}`,
      String.raw`cn=x\,cn\=staff4,${groups}`,
      `cn=line\nfeed,${groups}`,
      "staff5",
      groups,
      Buffer.from([0xff]),
    ];
    await using server = await hostile({
      onSecure: searches((id, wire) => {
        wire.send(formatEntry(id, PERSON, { uid: ["alice"], MEMBEROF: memberOf }));
        wire.send(done(id));
      }),
    });
    const directory = connect(server);
    expect((await directory.findPerson(alice))?.groups).toEqual(["Admins", "staff", "staff3"]);
    await directory.close();
  });

  test("more than 1000 groups are refused", async () => {
    const memberOf = Array.from({ length: 1001 }, (_, at) => `cn=g${at},ou=groups,${BASE}`);
    await using server = await hostile({
      onSecure: searches((id, wire) => {
        wire.send(formatEntry(id, PERSON, { uid: ["alice"], memberOf }));
        wire.send(done(id));
      }),
    });
    const directory = connect(server);
    await expect(directory.findPerson(alice)).rejects.toThrow("more than 1000 groups");
    await directory.close();
  });
});
