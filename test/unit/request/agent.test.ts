import { createServer, type Server } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { forgetFromAgent, isInAgent, putIntoAgent } from "../../../client/request/agent/agent.ts";
import { openAgent } from "../../../client/request/agent/agent-connection.ts";
import { runOk } from "../../harness/command.ts";
import { waitFor } from "../../harness/wait.ts";
import {
  keepTrust,
  listAgent,
  makeCredential,
  makePerson,
  makeSshAuthorities,
  startAgent,
  trustOf,
} from "./ssh-user.ts";

async function prepare() {
  const person = makePerson();
  const authorities = await makeSshAuthorities(person.home);
  keepTrust(person, trustOf(authorities));
  const agent = await startAgent(person.home);
  person.environment["SSH_AUTH_SOCK"] = agent.socket;
  const env = { PATH: process.env["PATH"] ?? "", SSH_AUTH_SOCK: agent.socket };
  return { person, authorities, agent, env };
}

describe("a real ssh-agent", () => {
  test.for(["ed25519", "ecdsa-p256"] as const)(
    "keeps an %s certificate, and signs with its key",
    async (kind) => {
      const { person, authorities, agent, env } = await prepare();
      const credential = await makeCredential(authorities, { kind });
      const outcome = await putIntoAgent(person, credential, { confirm: false });
      expect(outcome).toEqual({ kept: true, socket: agent.socket });
      expect(await listAgent(agent.socket)).toEqual([
        `${credential.certificate.split(" ", 2).join(" ")} keysystem hyades ssh-root`,
      ]);
      expect(await isInAgent(person, credential.certificate)).toBe(true);
      // ssh-add -T signs something and verifies it.
      const file = join(person.home, "held.pub");
      writeFileSync(file, `${credential.certificate}\n`);
      await runOk("ssh-add", ["-T", file], { env });
    },
  );

  test("drops a certificate when it ends", async () => {
    const { person, authorities, agent } = await prepare();
    const credential = await makeCredential(authorities, { lifetime: 4 });
    await putIntoAgent(person, credential, { confirm: false });
    expect(await listAgent(agent.socket)).toHaveLength(1);
    await waitFor("it is gone", async () => (await listAgent(agent.socket)).length === 0);
    expect(person.now()).toBeLessThan(credential.notAfter + 10_000);
    expect(await isInAgent(person, credential.certificate)).toBe(false);
  });

  test("takes nothing that has expired", async () => {
    const { person, authorities, agent } = await prepare();
    const credential = await makeCredential(authorities, { lifetime: 60 });
    person.now = () => credential.notAfter;
    const outcome = await putIntoAgent(person, credential, { confirm: false });
    expect(outcome).toEqual({ kept: false, why: "the certificate has expired" });
    expect(await listAgent(agent.socket)).toEqual([]);
  });

  test("asks before each use where that is wanted", async () => {
    const { person, authorities, env } = await prepare();
    const credential = await makeCredential(authorities);
    await putIntoAgent(person, credential, { confirm: true });
    const file = join(person.home, "held.pub");
    writeFileSync(file, `${credential.certificate}\n`);
    const refusing = { ...env, SSH_ASKPASS: "/bin/false" };
    await expect(runOk("ssh-add", ["-T", file], { env: refusing })).rejects.toThrow(
      /agent refused|ended with/,
    );
  });

  test("holds one certificate of a grant, and all that are not ours", async () => {
    const { person, authorities, agent, env } = await prepare();
    const others = await Promise.all([
      makeCredential(authorities, { grant: "ssh-login" }),
      makeCredential(authorities, { cluster: "pleiades" }),
    ]);
    for (const each of others) await putIntoAgent(person, each, { confirm: false });
    const foreign = await addForeign(person.home, env);
    expect(foreign).toHaveLength(2);
    const older = await makeCredential(authorities);
    await putIntoAgent(person, older, { confirm: false });
    const newer = await makeCredential(authorities);
    await putIntoAgent(person, newer, { confirm: false });
    const held = (await listAgent(agent.socket)).map((line) => line.split(" ")[1]);
    const expected = [...others, newer].map((each) => each.certificate.split(" ")[1]);
    expect(new Set(held)).toEqual(new Set([...expected, ...foreign]));
    expect(held).toHaveLength(expected.length + foreign.length);
    expect(await forgetFromAgent(person, newer)).toBe(1);
    expect(await forgetFromAgent(person, newer)).toBe(0);
    expect(await isInAgent(person, newer.certificate)).toBe(false);
    expect(await listAgent(agent.socket)).toHaveLength(others.length + foreign.length);
  });

  /** A plain key and a certificate of another authority, both under our name. */
  async function addForeign(
    folder: string,
    env: Record<string, string>,
  ): Promise<readonly (string | undefined)[]> {
    const elsewhere = join(folder, "elsewhere");
    await runOk("mkdir", [elsewhere]);
    const other = await makeSshAuthorities(elsewhere);
    const file = join(elsewhere, "key");
    const comment = "keysystem hyades ssh-root";
    await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
    await runOk("ssh-keygen", [
      "-q",
      "-s",
      join(other.folder, "user_ca"),
      "-V",
      "+1h",
      "-I",
      "x",
      "-n",
      "x",
      `${file}.pub`,
    ]);
    await runOk("ssh-add", ["-q", file], { env });
    const said = await runOk("ssh-add", ["-L"], { env });
    const foreign = said.split("\n").filter((line) => line.endsWith(comment));
    return foreign.map((line) => line.split(" ")[1]);
  }

  test("that is gone is none", async () => {
    const { person, authorities, agent, env } = await prepare();
    const credential = await makeCredential(authorities);
    await agent.kill();
    const outcome = await putIntoAgent(person, credential, { confirm: false });
    expect(outcome).toMatchObject({ kept: false, why: expect.stringContaining("ECONNREFUSED") });
    expect(await forgetFromAgent(person, credential)).toBe(0);
    expect(env["SSH_AUTH_SOCK"]).toBe(agent.socket);
    delete person.environment["SSH_AUTH_SOCK"];
    expect(await putIntoAgent(person, credential, { confirm: false })).toEqual({ kept: false });
  });
});

describe("an agent that misbehaves", () => {
  const SUCCESS = Buffer.from([0, 0, 0, 1, 6]);
  const EMPTY = Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]);

  /** Answers each message by its first byte. */
  async function fake(
    folder: string,
    answer: (type: number) => Buffer | undefined,
  ): Promise<string> {
    const path = join(folder, "fake");
    const server: Server = createServer((socket) => {
      socket.on("data", (part) => {
        const bytes = answer(part[4] ?? 0);
        if (bytes !== undefined) socket.write(bytes);
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    return path;
  }

  test.for([
    { what: "says yes and keeps nothing", add: SUCCESS, list: EMPTY, why: "did not keep it" },
    {
      what: "refuses",
      add: Buffer.from([0, 0, 0, 1, 5]),
      list: EMPTY,
      why: "takes no certificates",
    },
    {
      what: "answers a longer yes",
      add: Buffer.from([0, 0, 0, 2, 6, 6]),
      list: EMPTY,
      why: "takes no",
    },
    {
      what: "lists nonsense",
      add: SUCCESS,
      list: Buffer.from([0, 0, 0, 2, 12, 0]),
      why: "cut short",
    },
    {
      what: "claims to hold too much",
      add: SUCCESS,
      list: Buffer.from([0, 0, 0, 5, 12, 255, 255, 255, 255]),
      why: "claims to hold",
    },
    {
      what: "announces too much",
      add: Buffer.from([255, 0, 0, 0, 6]),
      list: EMPTY,
      why: "announces",
    },
    { what: "announces nothing", add: Buffer.from([0, 0, 0, 0]), list: EMPTY, why: "announces" },
    {
      what: "refuses to list",
      add: SUCCESS,
      list: Buffer.from([0, 0, 0, 1, 5]),
      why: "refuses to list",
    },
  ])("$what", async ({ add, list, why }) => {
    const person = makePerson();
    const authorities = await makeSshAuthorities(person.home);
    keepTrust(person, trustOf(authorities));
    const socket = await fake(person.home, (type) => (type === 25 ? add : list));
    person.environment["SSH_AUTH_SOCK"] = socket;
    const credential = await makeCredential(authorities);
    const outcome = await putIntoAgent(person, credential, { confirm: false });
    expect(outcome).toMatchObject({ kept: false, why: expect.stringContaining(why) });
    expect(await isInAgent(person, credential.certificate)).toBe(false);
    expect(await forgetFromAgent(person, credential)).toBe(0);
  });

  test("hangs: given up after the deadline", async () => {
    const { home } = makePerson();
    const agent = await openAgent(await fake(home, () => undefined), 200);
    const begun = performance.now();
    await expect(agent.ask(Buffer.of(11))).rejects.toThrow("did not answer in 0.2 s");
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("comes in pieces", async () => {
    const { home } = makePerson();
    const path = join(home, "pieces");
    const server = createServer((socket) => {
      socket.on("data", () => {
        for (const [at, byte] of EMPTY.entries()) {
          setTimeout(() => socket.write(Buffer.of(byte)), at * 5);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const agent = await openAgent(path);
    expect(await agent.ask(Buffer.of(11))).toEqual(EMPTY.subarray(4));
    agent.close();
  });

  test("hangs up", async () => {
    const { home } = makePerson();
    const path = join(home, "deaf");
    const server = createServer((socket) => {
      socket.once("data", () => socket.end());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const agent = await openAgent(path);
    await expect(agent.ask(Buffer.of(11))).rejects.toThrow("hung up");
  });
});
