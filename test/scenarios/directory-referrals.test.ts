import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { BASE } from "../harness/directory-entries.ts";
import {
  answerAll,
  type Behaviour,
  BIND,
  formatReference,
  formatResult,
  type HostileLdap,
  SEARCH,
  searches,
  startHostileLdap,
} from "../harness/hostile-ldap.ts";
import { hostileConfigOf } from "../harness/ldap-config.ts";
import { makeTlsFiles, type TlsFiles } from "../harness/tls-files.ts";

const folder = mkdtempSync(join(tmpdir(), "directory-hostile-"));
const alice = { kind: "user", user: "alice" } as const;
let tls: TlsFiles;

beforeAll(async () => {
  tls = await makeTlsFiles(join(folder, "tls"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const connect = ({ port }: HostileLdap, changes: Partial<LdapConfig> = {}): Directory =>
  createLdapDirectory(hostileConfigOf(port, tls, changes), { warn: () => undefined });

const hostile = (behaviour: Partial<Behaviour>): Promise<HostileLdap> =>
  startHostileLdap({ tls, immediate: true, ...behaviour });

describe("referrals", () => {
  test("of a bind and of a search are not followed, and nothing goes there", async () => {
    await using other = await hostile({});
    const url = `ldaps://localhost:${other.port}`;
    for (const refer of [BIND, SEARCH]) {
      await using server = await hostile({
        onSecure: ({ id, operation }, wire) => {
          const code = operation === refer ? 10 : 0;
          wire.send(formatResult(id, operation === BIND ? 0x61 : 0x65, code, url));
        },
      });
      const directory = connect(server);
      await expect(directory.findPerson(alice)).rejects.toMatchObject({
        message: "localhost refers to another server, which is not asked",
        concern: "directory",
      });
      await directory.close();
    }
    expect(other.connections()).toBe(0);
  });

  test("of a person's bind are no verdict", async () => {
    let binds = 0;
    await using server = await hostile({
      onSecure: (asked, wire) => {
        binds += asked.operation === BIND ? 1 : 0;
        if (asked.operation === BIND && binds === 2) wire.send(formatResult(asked.id, 0x61, 10));
        else answerAll(asked, wire);
      },
    });
    const directory = connect(server);
    await expect(directory.checkPassword("alice", "x")).rejects.toThrow("refers to another");
    await directory.close();
  });

  test("among entries are left out", async () => {
    await using other = await hostile({});
    await using server = await hostile({
      onSecure: searches((id, wire) => {
        wire.send(formatReference(id, `ldaps://localhost:${other.port}/${BASE}`));
        answerAll({ id, operation: SEARCH }, wire);
      }),
    });
    const directory = connect(server);
    expect(await directory.findPerson(alice)).toEqual({ user: "alice", groups: [] });
    expect(other.connections()).toBe(0);
    await directory.close();
  });
});
