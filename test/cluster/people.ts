import { PASSWORD } from "./directory.ts";
import { documentedLines } from "./documented.ts";
import { homeOf } from "./inside.ts";
import type { Machine } from "./machines.ts";
import { NODES } from "./nodes.ts";
import type { Stage } from "./stage.ts";

/** What people are told to type: the package, and `keyreq setup`. */
const TYPED = documentedLines("install.md", "## A person's machine");

/** Accounts of people; cela has one on d1 alone. */
const EVERYWHERE = ["alice", "bob"] as const;

/** keyreq on d1, and accounts on all machines. Does nothing where another part did it. */
export async function installKeyreq(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  if ((await d1.run(["test", "-d", homeOf("cela")])).code === 0) return;
  const [line = ""] = TYPED;
  await d1.type(`cd /media/packages\n${line}`, { timeout: 300 });
  for (const machine of [d1, ...NODES.map((name) => stage.machine(name))]) {
    for (const user of EVERYWHERE) await addUser(machine, user);
  }
  await addUser(d1, "cela");
}

const addUser = (machine: Machine, user: string): Promise<string> =>
  machine.type(`useradd --create-home --shell /bin/bash ${user}`);

/** `keyreq setup` on d1, with the pin of m1. */
export async function setUp(stage: Stage, user: string): Promise<void> {
  const pin = (await stage.machine("m1").type("keyserver authority pin")).trim();
  const [, line = ""] = TYPED;
  const typed = line.replace("sha256:9f3a51c0…", pin);
  await stage.machine("d1").type(`${typed} --yes`, { user });
}

/** What a person types on d1, as it ends. */
export const act = (d1: Machine, user: string, lines: string): ReturnType<Machine["run"]> =>
  d1.run(["bash", "-lc", lines], { user, env: { KEYREQ_REASON: "the story" } });

/** A ticket for a person on d1. */
export const kinit = (d1: Machine, user: string, principal: string): Promise<string> =>
  d1.ok(["kinit", principal], { user, stdin: `${PASSWORD}\n` });
