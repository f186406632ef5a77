import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decide } from "../../../policy/decide.ts";
import type { Policy } from "../../../policy/decision.ts";
import { readPolicy } from "../../../policy/read.ts";
import { BOMBS } from "../../harness/policy-bombs.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import { type Cost, measureCost, measurePeak } from "../command-cost.ts";
import { largePolicy } from "../large-policy.ts";
import type { Figure, Measure } from "../measure.ts";

const KEYSERVER = join(CHECKOUT, "server/bin/keyserver");
const EXAMPLE = join(CHECKOUT, "test/fixtures/policy.example.yaml");
const SIZE = { nodes: 2000, grants: 200, tests: 500 } as const;
const RUNS = 5;

/** `policy.*`: whole commands, their start included, on the example and on a generated policy of a large cluster. */
export const policyCommands: Measure = {
  names: [
    "policy.help",
    "policy.check",
    "policy.large.check",
    "policy.large.memory",
    "policy.large.who-can",
    "policy.large.diff",
    "policy.large.domain",
  ],
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "keysystem-policy-"));
    try {
      const files = writePolicies(folder);
      const check = command("check", files.large);
      return {
        "policy.help": await figureOf([KEYSERVER, "--help"]),
        "policy.check": await figureOf(command("check", EXAMPLE)),
        "policy.large.check": await figureOf(check),
        "policy.large.memory": { value: await measurePeak(check, folder), unit: "MB" },
        "policy.large.who-can": await figureOf(
          command("who-can", "name=n7.large.test", "--file", files.large),
        ),
        "policy.large.diff": await figureOf(
          command("diff", files.role, "--against", files.large),
          "one node's roles",
        ),
        "policy.large.domain": await figureOf(
          command("diff", files.domain, "--against", files.large),
          "the domain, which is in every name",
        ),
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const command = (...args: readonly string[]): readonly string[] => [KEYSERVER, "policy", ...args];

/** The generated policy and two edits of it. */
function writePolicies(folder: string): Readonly<Record<"large" | "role" | "domain", string>> {
  const text = largePolicy(SIZE);
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  return {
    large: write("large.yaml", text),
    role: write("role.yaml", text.replace("n9: { roles: [role9]", "n9: { roles: [role10]")),
    domain: write("domain.yaml", text.replace("large.test", "other.test")),
  };
}

/** The quickest of several runs: what else the machine does only ever adds to it. */
async function figureOf(words: readonly string[], what?: string): Promise<Figure> {
  // The first run fills caches that every later one uses.
  await measureCost(words);
  const costs: Cost[] = [];
  for (let turn = 0; turn < RUNS; turn += 1) costs.push(await measureCost(words));
  const cpu = Math.min(...costs.map((cost) => cost.cpu));
  const detail = [...(what === undefined ? [] : [what]), `${cpu.toFixed(2)} s of CPU`].join(", ");
  return { value: Math.min(...costs.map(({ milliseconds }) => milliseconds)), unit: "ms", detail };
}

/** `policy.decide.*`: decisions a second in one process, of nodes, who get the plan that was made first, and of people. */
export const policyDecide: Measure = {
  names: ["policy.decide.node", "policy.decide.person"],
  run({ seconds, warmSeconds }) {
    const { policy } = readPolicy(largePolicy(SIZE), { file: "large.yaml" });
    if (policy === undefined) throw new Error("the generated policy does not pass its check");
    const measure = (ask: (turn: number) => void): Figure => {
      repeat(ask, warmSeconds);
      return { value: repeat(ask, seconds), unit: "decisions/s" };
    };
    return Promise.resolve({
      "policy.decide.node": measure((turn) => askAsNode(policy, turn)),
      "policy.decide.person": measure((turn) => askAsPerson(policy, turn)),
    });
  },
};

/** `policy.bomb`: the hostile text that takes longest to refuse. */
export const policyBombs: Measure = {
  names: ["policy.bomb"],
  run() {
    const times = BOMBS.map(([what, text]) => {
      const runs = Array.from({ length: RUNS }, () => {
        const start = performance.now();
        readPolicy(text, { file: "policy.yaml" });
        return performance.now() - start;
      });
      return { what, milliseconds: Math.min(...runs) };
    });
    const [slowest] = times.toSorted((one, other) => other.milliseconds - one.milliseconds);
    if (slowest === undefined) throw new Error("no bombs");
    return Promise.resolve({
      "policy.bomb": { value: slowest.milliseconds, unit: "ms", detail: slowest.what },
    });
  },
};

/** Node 9 has role 9, to which grant 9 goes. */
const askAsNode = (policy: Policy, turn: number): void => {
  const node = (turn * ROLES + 9) % SIZE.nodes;
  const { verdict } = decide(policy, { kind: "node", node: `n${node}` }, { grant: "g9" });
  if (verdict !== "allow") throw new Error(`g9 was refused to n${node}`);
};
const ROLES = 20;

const askAsPerson = (policy: Policy, turn: number): void => {
  const subject = { kind: "person", user: `u${turn % 1000}`, in: FACTS } as const;
  const { verdict } = decide(policy, subject, { grant: "g5" });
  if (verdict !== "allow") throw new Error("g5 was refused to a member of team1");
};
const FACTS = ["ldap:team1", "ldap:active"] as const;

/** Calls `work` for so many seconds and gives calls a second. */
function repeat(work: (turn: number) => void, seconds: number): number {
  const start = performance.now();
  for (let turn = 0; ; turn += 1) {
    work(turn);
    if (turn % 256 !== 255) continue;
    const milliseconds = performance.now() - start;
    if (milliseconds > seconds * 1000) return ((turn + 1) * 1000) / milliseconds;
  }
}
