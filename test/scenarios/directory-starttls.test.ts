import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory } from "../../server/directory/directory.ts";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { createLdapDirectory } from "../../server/directory/ldap-directory.ts";
import { READER } from "../harness/directory-entries.ts";
import {
  answerAll,
  type Asked,
  type Behaviour,
  EXTENDED,
  formatResult,
  type HostileLdap,
  startHostileLdap,
  type Wire,
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

const startTls = ({ port }: HostileLdap): Partial<LdapConfig> => ({
  url: `ldap://localhost:${port}`,
  "start-tls": true,
});

const hostile = (behaviour: Partial<Behaviour>): Promise<HostileLdap> =>
  startHostileLdap({ tls, immediate: true, ...behaviour });

/** The one thing that may be said in clear: ExtendedRequest 1.3.6.1.4.1.1466.20037, message 1. */
const START_TLS = Buffer.concat([
  Buffer.from("301d02010177188016", "hex"),
  Buffer.from("1.3.6.1.4.1.1466.20037"),
]);

describe("StartTLS", () => {
  const accepted = formatResult(1, 0x78, 0);
  const injected = formatResult(2, 0x61, 0);

  test.for<readonly [string, (wire: Wire) => void, RegExp]>([
    ["refused", (wire) => wire.send(formatResult(1, 0x78, 2)), /refuses StartTLS/],
    ["not known", (wire) => wire.send(formatResult(1, 0x78, 53)), /refuses StartTLS/],
    ["referred", (wire) => wire.send(formatResult(1, 0x78, 10, "ldap://x")), /refuses StartTLS/],
    [
      "answered as if it were a bind",
      (wire) => wire.upgrade(formatResult(1, 0x61, 0)),
      /something else/,
    ],
    [
      "answered for another question",
      (wire) => wire.upgrade(formatResult(2, 0x78, 0)),
      /something else/,
    ],
    ["cut off", (wire) => wire.upgrade(Buffer.from("300c0201017807", "hex")), /localhost/],
    ["without a result", (wire) => wire.upgrade(Buffer.from("30050201017800", "hex")), /not LDAP/],
    ["ended", (wire) => wire.end(), /ends connections/],
    ["answered with garbage", (wire) => wire.send(Buffer.from("HTTP/1.1 400\r\n\r\n")), /not LDAP/],
    [
      "stripped: an answer in clear without TLS",
      (wire) => wire.send(Buffer.concat([accepted, injected])),
      /more than the answer/,
    ],
    [
      "followed by an answer in clear",
      (wire) => wire.upgrade(Buffer.concat([accepted, injected])),
      /more than the answer/,
    ],
    [
      "followed by one byte in clear",
      (wire) => wire.upgrade(Buffer.concat([accepted, Buffer.from([0x30])])),
      /more than the answer/,
    ],
    ["never answered", () => undefined, /timed out after 1 s/],
    ["accepted, and then no TLS", (wire) => wire.send(accepted), /timed out after 1 s/],
  ])("%s: no bind is sent", async ([, onAsked, words]) => {
    const onClear = ({ operation }: Asked, wire: Wire): void => {
      if (operation === EXTENDED) onAsked(wire);
    };
    await using server = await hostile({ immediate: false, onClear, onSecure: answerAll });
    const isLate = words.source.includes("timed out");
    const directory = connect(server, { ...startTls(server), timeout: isLate ? 1 : 30 });
    await Promise.all([
      expect(directory.findPerson(alice)).rejects.toThrow(words),
      expect(directory.checkPassword("alice", "open sesame")).rejects.toThrow(words),
      expect(directory.probe()).rejects.toThrow(words),
    ]);
    const { clear, secure } = server.heard();
    // Three connections; what else came in clear, if anything, begins a handshake.
    expect(clear.subarray(0, START_TLS.length)).toEqual(START_TLS);
    for (const secret of [READER.password, "open sesame", READER.dn, "alice"]) {
      expect(clear.includes(secret)).toBe(false);
    }
    expect(secure.length).toBe(0);
    await directory.close();
  });

  test("answers in clear that come a moment later break the handshake", async () => {
    const onClear = (_: Asked, wire: Wire): void => {
      wire.send(accepted);
      setTimeout(() => wire.send(injected), 20);
    };
    await using server = await hostile({ immediate: false, onClear });
    const directory = connect(server, startTls(server));
    await expect(directory.findPerson(alice)).rejects.toThrow("does not speak TLS as it should");
    expect(server.heard().clear.includes(READER.password)).toBe(false);
    await directory.close();
  });

  test("accepted as it should be: then everything is inside TLS", async () => {
    const onClear = (_: Asked, wire: Wire): void => wire.upgrade(accepted);
    await using server = await hostile({ immediate: false, onClear, onSecure: answerAll });
    const directory = connect(server, startTls(server));
    expect(await directory.findPerson(alice)).toEqual({ user: "alice", groups: [] });
    const { clear, secure } = server.heard();
    expect(clear.subarray(0, START_TLS.length)).toEqual(START_TLS);
    expect(clear.includes(READER.password)).toBe(false);
    expect(secure.includes(READER.password)).toBe(true);
    await directory.close();
  });
});
