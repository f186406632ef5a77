import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { runOk } from "../../harness/command.ts";

/** The programs of a folder that `build-peers` filled. */
export type PeerTools = {
  readonly stepCa: string;
  readonly step: string;
  readonly load: string;
};

/**
 * Finds the programs below `folder`.
 *
 * @throws Error that says which one is missing and how to get it.
 */
export function findPeerTools(folder: string): PeerTools {
  const find = (name: string): string => {
    const path = join(resolve(folder), "bin", name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (cause) {
      throw new Error(`${path} is missing; run build-peers ${folder} first`, { cause });
    }
  };
  return { stepCa: find("step-ca"), step: find("step"), load: find("load") };
}

const LoadLine = Type.Object({
  rate: Type.Number(),
  errors: Type.Integer(),
  error: Type.Optional(Type.String()),
  p99_ms: Type.Number(),
  srv_cpu_ms_per_op: Type.Optional(Type.Number()),
});

/** What the peer's load generator measured, one line of it. */
export type LoadLine = Static<typeof LoadLine>;

/**
 * Runs the peer's load generator at one concurrency.
 *
 * @throws Error when a request failed.
 */
export async function runPeerLoad(
  { load }: PeerTools,
  args: readonly string[],
  time: { readonly seconds: number; readonly warmSeconds: number },
): Promise<LoadLine> {
  const timing = ["-c", "64", "-d", `${time.seconds}s`, "-warm", `${time.warmSeconds}s`];
  const text = await runOk(load, [...args, ...timing], { timeout: 120 });
  const line = Value.Parse(LoadLine, JSON.parse(text));
  if (line.errors > 0) throw new Error(`${line.errors} requests failed: ${line.error ?? ""}`);
  return line;
}
