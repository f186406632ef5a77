import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AgentDeps } from "../agent/agent.ts";
import { pathsUnder } from "../agent/paths.ts";
import { createTransport } from "../connection/transport.ts";
import { Failure } from "../terminal/failure.ts";
import { EXIT } from "../../protocol/exit-codes.ts";

/** What keyclient was started with. */
export type Start = {
  readonly root: string;
  readonly now: () => number;
  readonly random: () => number;
};

/** The agent's dependencies on this machine. @throws Failure when the root is no folder. */
export function dependenciesOf({ root, now, random }: Start): AgentDeps {
  const real = resolveRoot(root);
  return {
    paths: pathsUnder(real),
    disk: { root: real, uid: process.geteuid?.() ?? 0, step: () => undefined },
    gid: process.getegid?.() ?? 0,
    shipped: fileURLToPath(new URL("../recipes/", import.meta.url)).replace(/\/$/, ""),
    now,
    random,
    connect: createTransport,
  };
}

function resolveRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch (error) {
    throw new Failure(EXIT.usage, `--root ${root}: there is no such folder`, [`mkdir -p ${root}`], {
      cause: error,
    });
  }
}
