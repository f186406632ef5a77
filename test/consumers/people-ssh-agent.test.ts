import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peoplePolicy, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import type { Daemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
import { canRun } from "./installed-programs.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";
import { machinePort, startMachine, type Machine } from "./people-sshd.ts";

/** Where the key of a login is, for how long, and what is left afterwards. */

const isPossible = canRun(["sshd", "ssh", "ssh-agent", "unshare", "setpriv"]);

const HOST = "m2.hyades.example.edu";
const GRANT_FOLDER = ".local/share/keysystem/hyades/credentials/ssh-login";

let people: PeopleCluster;
let m2: Machine;
const agents: Daemon[] = [];

/** Alice's machine with a ticket; setup has not run yet. */
async function deskOfAlice(): Promise<Desk> {
  const desk = makeDesk(people, "alice");
  const own = `Host *.hyades.example.edu\n    Port ${m2.port}\n    BatchMode yes`;
  desk.write(".ssh/config", own);
  await desk.kinit("alice@EXAMPLE.EDU");
  return desk;
}

const startAgent = async (desk: Desk): Promise<void> => {
  agents.push(await desk.startAgent());
};
const held = async (desk: Desk): Promise<readonly string[]> => {
  const { stdout } = await desk.run("ssh-add", ["-L"]);
  return stdout.split("\n").filter((line) => line.startsWith("ssh-"));
};
const logIn = (desk: Desk) => desk.run("ssh", [HOST, "id -un"]);
const IN = { code: 0, stdout: "alice\n", stderr: "" };

/** Files and links below a home: path → mode, owner and bytes. Node's cache of compiled code is no one's. */
const snapshot = (home: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes("/.cache/keysystem"))
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        const { mode, uid } = lstatSync(path);
        return [path, `${mode.toString(8)} ${uid} ${readFileSync(path, "latin1")}`];
      }),
  );

describe.skipIf(!isPossible)("the key of a login", () => {
  beforeAll(async () => {
    // keyclient asks from 127.0.0.1
    const here = ["address: 127.0.1.12 }", "address: 127.0.0.1 }"] as const;
    people = await startPeopleCluster({ policy: peoplePolicy({ replace: [here] }) });
    m2 = await startMachine(people, "m2", { users: { alice: 61_901 }, port: await machinePort() });
  }, 240_000);
  afterAll(async () => {
    for (const daemon of [...agents, m2?.daemon]) await daemon?.kill();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  test("is in the agent as long as the certificate, and then a login gets a new one by itself", async () => {
    const desk = await deskOfAlice();
    await startAgent(desk);
    await desk.setup();
    const first = await desk.keyreq(["ssh", "--lifetime", "6s"]);
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ssh-login +[1-6] s; in agent until/),
    });
    const [expiring] = await held(desk);
    expect(expiring).toBeDefined();
    await waitFor("the end of it in the agent", async () => (await held(desk)).length === 0);
    const issued = (await listIssued(people, "ssh-login")).length;
    expect(await logIn(desk)).toEqual(IN);
    expect(await listIssued(people, "ssh-login")).toHaveLength(issued + 1);
    expect(await held(desk)).not.toContain(expiring);
  });

  test("is replaced by a new one, and forgotten for good", async () => {
    const desk = await deskOfAlice();
    await startAgent(desk);
    await desk.run("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-f",
      join(desk.scratch, "own"),
    ]);
    await desk.run("ssh-add", ["-q", join(desk.scratch, "own")]);
    const [own] = await held(desk);
    await desk.setup();
    const seen: string[] = [];
    for (const round of [1, 2]) {
      expect(await desk.keyreq(["ssh"])).toMatchObject({ code: 0 });
      const others = (await held(desk)).filter((line) => line !== own);
      expect(others, `round ${round}`).toHaveLength(1);
      seen.push(...others);
    }
    expect(new Set(seen)).toHaveProperty("size", 2);
    expect(existsSync(join(desk.home, GRANT_FOLDER, "key"))).toBe(false);
    expect(await logIn(desk)).toEqual(IN);
    expect(await desk.keyreq(["forget", "ssh-login"])).toMatchObject({ code: 0 });
    expect(await held(desk)).toEqual([own]);
    expect(existsSync(join(desk.home, GRANT_FOLDER))).toBe(false);
    await desk.run("rm", [desk.ticketFile]);
    expect(await logIn(desk)).toMatchObject({ code: 255, stdout: "" });
  });

  test("is a file that nobody else reads where there is no agent", async () => {
    const desk = await deskOfAlice();
    await desk.setup();
    expect(await logIn(desk)).toEqual(IN);
    const key = join(desk.home, GRANT_FOLDER, "key");
    expect(lstatSync(key)).toMatchObject({ mode: 0o100_600, uid: desk.account.uid });
    for (const folder of ["", "/hyades", "/hyades/credentials", "/hyades/credentials/ssh-login"]) {
      const { mode } = lstatSync(join(desk.home, ".local/share/keysystem") + folder);
      expect(mode & 0o7777, folder).toBe(0o700);
    }
    expect(await logIn(desk)).toEqual(IN);
    expect(await desk.keyreq(["forget"])).toMatchObject({ code: 0 });
    expect(existsSync(key)).toBe(false);
  });

  test("forget --setup leaves a home as it was, byte for byte", async () => {
    const desk = await deskOfAlice();
    desk.write(".kube/config", "# mine\napiVersion: v1\nkind: Config\nclusters: []\n", 0o640);
    desk.write(".ssh/known_hosts", "other.example.org ssh-ed25519 AAAA\n", 0o644);
    desk.write(".ssh/notes", "not ours\n");
    const before = snapshot(desk.home);
    await startAgent(desk);
    await desk.setup("--kubernetes", "https://127.0.0.1:6443");
    const between = snapshot(desk.home);
    expect(await logIn(desk)).toEqual(IN);
    expect(await desk.keyreq(["kube"])).toMatchObject({ code: 0 });
    for (const name of [".ssh/config", ".kube/config"]) {
      const path = join(desk.home, name);
      expect(between[path]).not.toBe(before[path]);
    }
    const outcome = await desk.keyreq(["forget", "--setup"]);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(snapshot(desk.home)).toEqual(before);
    expect(await held(desk)).toEqual([]);
    expect(await desk.keyreq(["whoami"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("keyreq setup URL --pin PIN"),
    });
  });
});
