import { existsSync, rmSync } from "node:fs";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { withLock } from "../agent/lock.ts";
import { PLACES } from "../agent/paths.ts";
import { openWorkshop } from "../agent/workshop.ts";
import { inDirectory } from "../files/replace-file.ts";
import { targetsOf } from "../recipe/cookbook.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";

/** Flags of `keyclient leave`. */
export type LeaveFlags = { readonly wipeKeys?: boolean };

/**
 * `keyclient leave` gives the identity up and lists every file it removes. Services keep theirs
 * unless `--wipe-keys` is given.
 */
export async function leaveCommand(
  deps: AgentDeps,
  output: Output,
  { wipeKeys }: LeaveFlags,
): Promise<ExitCode> {
  const { paths } = deps;
  if (!existsSync(paths.config) && !existsSync(paths.home)) {
    throw new Failure(EXIT.usage, "this machine has not joined; there is nothing to leave", [
      "keyclient join STRING",
    ]);
  }
  const removed = await withLock(paths.lock, () =>
    Promise.resolve([...(wipeKeys === true ? wipe(deps) : []), ...forget(deps)]),
  );
  rmSync(paths.home, { recursive: true, force: true });
  for (const path of removed) output.say(`removed  ${path}`);
  output.document({ removed });
  output.say("The server still knows this node:  keyserver node remove NODE  on the master.");
  return EXIT.ok;
}

function forget({ paths }: AgentDeps): readonly string[] {
  rmSync(paths.config, { force: true });
  return [PLACES.config, PLACES.home];
}

function wipe(deps: AgentDeps): readonly string[] {
  const { memory, cookbook } = openWorkshop(deps);
  const kept = new Set(Object.keys(memory.state().credentials));
  return [...cookbook.recipes.values()]
    .filter(({ grant }) => kept.has(grant))
    .flatMap((recipe) => targetsOf(recipe).filter((path) => remove(deps, path, recipe.uid)));
}

/** Through the directory that is checked like for writing, so that no link leads elsewhere. */
const remove = ({ disk }: AgentDeps, path: string, owner: number): boolean =>
  inDirectory(disk, path, { owner }, (directory, name) => {
    const target = directory.at(name);
    const isThere = existsSync(target);
    rmSync(target, { force: true });
    return isThere;
  }) ?? false;
