import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { canRun } from "./installed-programs.ts";
import { makeDesk, type Desk } from "./people-desk.ts";

/** What a person hears of whose machine something is wrong: the first cause, and one way out. */

const isPossible = canRun(["unshare", "setpriv", "faketime"]);
const DATA = ".local/share/keysystem/hyades";

let people: PeopleCluster;

type Broken = {
  readonly what: string;
  /** Breaks a desk that is set up and has a ticket; gives words before `keyreq doctor`. */
  readonly harm: (desk: Desk) => Promise<unknown> | void;
  readonly before?: readonly string[];
  /** Environment of the look. */
  readonly env?: Readonly<Record<string, string>>;
  /** The line, and what follows. */
  readonly says: RegExp;
  /** What is behind the cause, and would only repeat it. */
  readonly silent?: RegExp;
};

const PROBLEMS: readonly Broken[] = [
  {
    what: "no setup",
    harm: (desk) => desk.keyreq(["forget", "--setup"]),
    says: /^ ✗ setup +no cluster is known here\n {3}fix +keyreq setup URL --pin PIN\n1 problem, 0 warnings\n$/,
  },
  {
    what: "anchors are gone",
    harm: (desk) => rmSync(join(desk.home, DATA, "trust.json")),
    says: /^ ✗ trust +the anchors of hyades are missing: .*\n {3}fix +keyreq setup URL --pin PIN$/m,
    silent: /server|ticket/,
  },
  {
    what: "anchors are damaged",
    harm: (desk) => writeFileSync(join(desk.home, DATA, "trust.json"), "{}"),
    says: /^ ✗ trust +.*\n {3}fix +\S/m,
    silent: /server|ticket/,
  },
  {
    what: "no ticket",
    harm: (desk) => rmSync(desk.ticketFile),
    says: /^ ✗ ticket +there is none\n {3}fix +kinit$/m,
    silent: /identity/,
  },
  {
    what: "a clock that is ahead",
    harm: () => undefined,
    before: ["faketime", "-f", "+10m"],
    says: /^ ✗ clock +this machine's is 10 m ahead of \S+\n {3}fix +chronyc/m,
    silent: /ticket/,
  },
  {
    what: "a clock so far behind that the server's certificate is not valid yet",
    harm: () => undefined,
    before: ["faketime", "-f", "-2d"],
    says: /^ ✗ server +this machine's clock is 2 d behind localhost .*\n {3}fix +.*chronyc/m,
    silent: /ticket/,
  },
];

const WARNINGS: readonly Broken[] = [
  {
    what: "ssh does not read what keyreq keeps",
    harm: (desk) => rmSync(join(desk.home, ".ssh/config")),
    says: /^ ! ssh config +.*does not lead to keyreq\n {3}fix +keyreq setup \S+ --pin sha256:[0-9a-f]{64}$/m,
  },
  {
    what: "kubectl does not ask keyreq",
    harm: (desk) => rmSync(join(desk.home, ".kube/config")),
    says: /^ ! kubeconfig +.*does not lead to keyreq\n {3}fix +keyreq setup/m,
  },
  {
    what: "an agent that is gone",
    harm: () => undefined,
    env: { SSH_AUTH_SOCK: "/nowhere/agent" },
    says: /^ ! agent +\/nowhere\/agent does not answer\n {3}fix +\S/m,
  },
  {
    what: "no agent",
    harm: () => undefined,
    says: /^ ! agent +SSH_AUTH_SOCK is not set\n {3}fix +\S/m,
  },
];

async function deskOf(principal: string): Promise<Desk> {
  const desk = makeDesk(people, "somebody");
  await desk.kinit(principal);
  await desk.setup("--kubernetes", "https://127.0.0.1:6443");
  return desk;
}

async function examine({ harm, before = [], env = {}, says, silent }: Broken) {
  const desk = await deskOf("alice@EXAMPLE.EDU");
  await harm(desk);
  const words = [...before, desk.program, "doctor"];
  const { code, stdout, stderr } = await desk.run("env", words, { env });
  expect(stderr).toBe("");
  expect(stdout).toMatch(says);
  if (silent !== undefined) expect(stdout).not.toMatch(silent);
  return code;
}

describe.skipIf(!isPossible)("keyreq doctor", () => {
  beforeAll(async () => {
    people = await startPeopleCluster();
  }, 240_000);
  afterAll(() => people?.[Symbol.asyncDispose](), 60_000);

  test("where all is well: every look, and exit code 0", async () => {
    const desk = await deskOf("alice@EXAMPLE.EDU");
    const agent = await desk.startAgent();
    const { code, stdout } = await desk.keyreq(["doctor"]);
    await agent.kill();
    const looks = [...stdout.matchAll(/^ (.) (\w+(?: config)?)/gm)].map(
      ([, mark, name]) => `${mark} ${name}`,
    );
    expect({ code, looks }).toEqual({
      code: 0,
      looks: [
        "✓ setup",
        "✓ trust",
        "✓ server",
        "✓ clock",
        "✓ ticket",
        "✓ identity",
        "✓ directories",
        "✓ agent",
        "✓ ssh config",
        "✓ kubeconfig",
      ],
    });
    expect(stdout).toMatch(/\n0 problems, 0 warnings\n$/);
  });

  test.for(PROBLEMS)("$what: exit code 5", async (broken) => {
    expect(await examine(broken)).toBe(5);
  });

  test.for(WARNINGS)("$what: a warning, exit code 0", async (broken) => {
    expect(await examine(broken)).toBe(0);
  });

  test("a keyserver that is down", async () => {
    const desk = await deskOf("alice@EXAMPLE.EDU");
    await people.cluster.stop();
    const { code, stdout } = await desk.keyreq(["doctor"]);
    await people.cluster.start();
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^ ✗ server +\S+: nobody listens there.*\n {3}fix +is it up\? {2}on the master: {2}keyserver status$/m,
    );
    expect(stdout).not.toMatch(/clock|ticket|identity/);
  });

  test("why does not lead to itself", async () => {
    const desk = await deskOf("carol@EXAMPLE.EDU");
    const { code, stdout } = await desk.keyreq(["why", "ssh-login"]);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^denied: carol@EXAMPLE\.EDU is not in users: .*\n {2}what you may get: {2}keyreq grants\n$/m,
    );
    expect(stdout).not.toContain("keyreq why");
  });
});
