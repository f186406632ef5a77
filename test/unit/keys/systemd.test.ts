import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findPassedSocket } from "../../../keys/signer/activation.ts";
import { findSupervisor, keepAlive, type Supervisor } from "../../../keys/signer/supervisor.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import { listenAsSystemd, startActivated, type Notified } from "../../harness/systemd.ts";
import { ask, makeRoot, type SignerRoot } from "./signer-process.ts";
import { now } from "./wire-fixtures.ts";

describe("a socket that systemd passes", () => {
  const passed = { LISTEN_PID: "7", LISTEN_FDS: "1", LISTEN_FDNAMES: "signer" };

  test("is found by its name", () => {
    expect(findPassedSocket("signer", passed, 7)).toBe(3);
    const two = { ...passed, LISTEN_FDS: "2", LISTEN_FDNAMES: "admin:signer" };
    expect(findPassedSocket("signer", two, 7)).toBe(4);
  });

  test.for([
    ["another process", { ...passed, LISTEN_PID: "8" }],
    ["nobody", { LISTEN_FDS: "1", LISTEN_FDNAMES: "signer" }],
    ["us, and there is none", { LISTEN_PID: "7" }],
  ] as const)("is not ours when it is for %s", ([, environment]) =>
    expect(findPassedSocket("signer", environment, 7)).toBeUndefined(),
  );

  test.for([
    { LISTEN_FDNAMES: "admin" },
    { LISTEN_FDNAMES: undefined },
    { LISTEN_FDNAMES: "unknown" },
    { LISTEN_FDNAMES: "signer:signer" },
    { LISTEN_FDS: "2", LISTEN_FDNAMES: "signer:signer" },
    { LISTEN_FDS: "2" },
    { LISTEN_FDS: "0" },
    { LISTEN_FDS: "-1" },
    { LISTEN_FDS: "1e0" },
    { LISTEN_FDS: "x" },
  ])("is refused when it is called %o", (changes) =>
    expect(() => findPassedSocket("signer", { ...passed, ...changes }, 7)).toThrow(
      /exactly one must be signer/,
    ),
  );
});

describe("word to systemd", () => {
  let folder: string;
  let systemd: Notified;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "keysystem-"));
    systemd = await listenAsSystemd(join(folder, "notify"));
  });
  afterAll(() => {
    systemd[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const find = (more: Readonly<Record<string, string>> = {}): Supervisor => {
    const environment = { NOTIFY_SOCKET: systemd.path, ...more };
    const found = findSupervisor({
      environment,
      pid: 7,
      failed: (error) => expect.unreachable(error.message),
    });
    return found ?? expect.unreachable("no supervisor");
  };

  test("is not sent where systemd does not wait for it", () => {
    const failed = (): never => expect.unreachable();
    expect(findSupervisor({ environment: { WATCHDOG_USEC: "1" }, pid: 7, failed })).toBeUndefined();
  });

  test("arrives as it is, each assignment on one line", async () => {
    await find().tell("READY=1", "STATUS=cannot sign: a\nREADY=1\u0000b");
    expect(systemd.words().at(-1)).toBe("READY=1|STATUS=cannot sign: a READY=1 b");
  });

  test("that cannot be sent is told to who asked, and breaks nothing", async () => {
    const errors: Error[] = [];
    const environment = { NOTIFY_SOCKET: join(folder, "nobody") };
    const failed = (error: Error): void => void errors.push(error);
    await findSupervisor({ environment, pid: 7, failed })?.tell("READY=1");
    expect(errors).toHaveLength(1);
  });

  test.for([
    [{ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "7" }, 20_000],
    [{ WATCHDOG_USEC: "60000000" }, 20_000],
    [{ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "8" }, undefined],
    [{ WATCHDOG_USEC: "x" }, undefined],
    [{}, undefined],
  ] as const)("with %o beats every %s ms", ([environment, beat]) =>
    expect(find(environment).beat).toBe(beat),
  );
});

describe("a beat", () => {
  const told: (readonly string[])[] = [];
  const supervisor: Supervisor = {
    beat: 10,
    tell: (...words) => Promise.resolve(void told.push(words)),
  };
  const listen = (check: () => Promise<readonly string[]>): void =>
    onTestFinished(keepAlive(supervisor, check));
  afterEach(() => void told.splice(0));

  test("comes with what the check says, again and again", async () => {
    listen(() => Promise.resolve(["STATUS=well"]));
    await expect.poll(() => told.length).toBeGreaterThan(2);
    expect(told[0]).toEqual(["WATCHDOG=1", "STATUS=well"]);
  });

  test("is left out while the check hangs, and asked for once only", async () => {
    let asked = 0;
    listen(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    await sleep(100);
    expect([asked, told]).toEqual([1, []]);
  });

  test("is left out when the check fails, and comes when it is well again", async () => {
    let asked = 0;
    listen(() => {
      asked += 1;
      return asked < 3 ? Promise.reject(new Error("no answer")) : Promise.resolve([]);
    });
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(asked).toBeGreaterThanOrEqual(3);
  });
});

describe("keysigner started by systemd", () => {
  let place: SignerRoot;
  beforeAll(async () => {
    place = await makeRoot(now());
  });
  afterAll(() => place.remove());

  const start = (path: string, name: string, env: Readonly<Record<string, string>>): ChildProcess =>
    startActivated({ path, name, env }, [
      process.execPath,
      join(CHECKOUT, "keys/signer/main.ts"),
      "--root",
      place.root,
    ]);
  const end = async (child: ChildProcess): Promise<unknown> => {
    child.kill("SIGTERM");
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    return code;
  };

  test("answers on the socket that it was given, says when, beats, and leaves the socket", async () => {
    const path = join(place.root, "passed.sock");
    using systemd = await listenAsSystemd(join(place.root, "notify"));
    const child = start(path, "signer", {
      NOTIFY_SOCKET: systemd.path,
      WATCHDOG_USEC: "900000",
    });
    await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(true);
    // Nobody has to wait until it is ready: the socket is there before.
    const reply = ask(path, { id: 3, op: "status" });
    await expect.poll(systemd.words, { timeout: 10_000 }).toContain("READY=1|STATUS=ready to sign");
    expect(await reply).toMatchObject({ id: 3, policy: place.policyHash });
    expect(existsSync(place.socket)).toBe(false);
    await expect.poll(systemd.words, { timeout: 5000 }).toContain("WATCHDOG=1");
    expect(await end(child)).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test("that cannot sign never says that it is ready", async () => {
    using systemd = await listenAsSystemd(join(place.root, "notify-2"));
    const child = start(join(place.root, "other.sock"), "admin", { NOTIFY_SOCKET: systemd.path });
    expect(await once(child, "exit")).toEqual([1, null]);
    expect(systemd.words()).toEqual([]);
  });

  test("takes no socket that was meant for another process", async () => {
    const path = join(place.root, "foreign.sock");
    const child = start(path, "signer", { WRONG_PID: "1" });
    await expect.poll(() => existsSync(place.socket), { timeout: 10_000 }).toBe(true);
    expect(await ask(place.socket, { id: 1, op: "status" })).toMatchObject({ id: 1 });
    expect(await end(child)).toBe(0);
  });
});
