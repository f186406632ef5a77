import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import type { Outcome } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { converse } from "../harness/conversation.ts";
import { edit } from "../unit/policy/example.ts";

/** What an operator types, perhaps after something else, when the screen shows something. */
export type Exchange = readonly [question: string, answer: string | (() => Promise<string>)];

/** A master whose policy is edited and applied. */
export type ApplySite = {
  readonly cluster: Cluster;
  readonly file: string;
  readonly applied: string;
  readonly text: () => string;
  /** Writes the first policy of the site with these edits as policy.yaml. */
  readonly write: (...edits: readonly (readonly [string, string])[]) => void;
  /** `keyserver policy …` without a terminal. */
  readonly policy: (...args: readonly string[]) => Promise<Outcome>;
  /** The same on a pseudo-terminal (script(1)); `stdout` is the screen. */
  readonly onTerminal: (
    words: string,
    talk: readonly Exchange[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<Outcome>;
};

/** Edits of the quickstart's policy. */
export const EDITS = {
  shorter: ["rsa-3072], lifetime: 30d", "rsa-3072], lifetime: 20d"],
  comment: ["roles: [master, worker]", "roles: [master, worker] # kinds of machines"],
  node: ["  w1: { roles", "  w2: { roles: [worker], address: 127.0.0.3 }\n  w1: { roles"],
  noRule: [
    "never: # no grant, present or future, gets past these\n  - { id: registry-off-master, who: { not: [worker] }, gets: { name: registry.<domain> } }\n",
    "",
  ],
  weakRule: ["who: { not: [worker] }", "who: { not: [worker, master] }"],
  wrong: ["to: worker, issue: services", "to: wroker, issue: services"],
  failing: ["expect: { cn: web-m1", "expect: { cn: web-m2"],
} as const satisfies Record<string, readonly [string, string]>;

/** A running master with the quickstart's policy. */
export async function startSite(): Promise<ApplySite> {
  const cluster = await startCluster();
  const file = join(cluster.root, "etc/keysystem/policy.yaml");
  const first = readFileSync(file, "utf8");
  return {
    cluster,
    file,
    applied: join(cluster.root, "etc/keysystem/applied/policy.yaml"),
    text: () => readFileSync(file, "utf8"),
    write: (...edits) =>
      writeFileSync(
        file,
        edits.reduce((text, [from, to]) => edit(text, from, to), first),
      ),
    policy: (...args) => cluster.keyserver(["policy", ...args], { timeout: 60 }),
    onTerminal: (words, talk, env = {}) =>
      runOnTerminal(`${KEYSERVER} policy ${words} --root ${cluster.root}`, talk, env),
  };
}

async function runOnTerminal(
  command: string,
  talk: readonly Exchange[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { PATH: process.env["PATH"], TERM: "dumb", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { code, screen } = await converse(child, talk);
  return { code, stdout: screen, stderr: "" };
}
