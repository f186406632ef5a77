import { chmodSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { copyOf } from "../../keys/signer/policy-file.ts";
import { makeFolder } from "./make-folder.ts";
import { readPolicyFile } from "./policy-file.ts";
import { syncFolder } from "./replace-file.ts";
import { type PolicyTexts, writePolicy } from "./write-policy.ts";

/*
 * The applied copy is a link, `applied/policy.yaml`, to a folder `applied/copy-N` that holds a policy and what it
 * includes. A folder is written once and never again, and one rename of the link swaps all of it: no cut leaves one
 * policy with another's inventory, and no reader sees such a pair.
 */

const FOLDER = /^copy-(\d+)$/;

/** Two links that were made beforehand, so that going there and back takes one rename each, also on a full disk. */
export type Swap = {
  /** Puts the new copy in the place of the one before. */
  readonly forward: () => void;
  /** Puts the one before back; nothing where there was none. */
  readonly back: () => void;
  /** Removes every other copy, and what this swap has left. */
  readonly tidy: () => void;
};

/**
 * Writes a checked policy, with what it includes, beside the applied copy and makes both links ready.
 *
 * A plain file, as somebody may have put there, is made a copy first, so that there is a way back to it.
 *
 * @throws OperatorError, before anything is written, when an included file has the policy's own name.
 */
export function prepareSwap(applied: string, texts: PolicyTexts): Swap {
  const folder = dirname(applied);
  makeFolder(folder);
  const next = writeCopy(folder, texts);
  const present = linkTarget(applied) ?? adopt(applied);
  const [there, back] = [`${applied}.new`, `${applied}.back`];
  makeLink(there, next);
  if (present === undefined) rmSync(back, { force: true });
  else makeLink(back, present);
  syncFolder(folder);
  return {
    forward: () => moveLink(there, applied),
    back: () => {
      if (present !== undefined) moveLink(back, applied);
    },
    tidy: () => {
      for (const link of [there, back]) rmSync(link, { force: true });
      removeOthers(applied, [next, present]);
    },
  };
}

/** Puts a checked policy there at once: an authority that begins has nothing to go back to. */
export function writeApplied(applied: string, texts: PolicyTexts): void {
  const swap = prepareSwap(applied, texts);
  swap.forward();
  swap.tidy();
}

const policyIn = (copy: string): string => join(copy, "policy.yaml");

/** Writes the folder of a copy, and gives what a link to it says. */
function writeCopy(folder: string, texts: PolicyTexts): string {
  const newest = Math.max(
    0,
    ...readdirSync(folder)
      .map((name) => Number(FOLDER.exec(name)?.[1]))
      .filter(Boolean),
  );
  const copy = `copy-${newest + 1}`;
  writePolicy(join(folder, policyIn(copy)), texts);
  // Whatever root's umask: keyserver and keysigner read it as users of their own.
  chmodSync(join(folder, copy), 0o755);
  return policyIn(copy);
}

/** What the link says, where there is one of ours. */
const linkTarget = (applied: string): string | undefined =>
  copyOf(applied) === applied ? undefined : readlinkSync(applied);

/** Makes a plain applied copy a folder like the others, with the link to it; undefined where there is none to read. */
function adopt(applied: string): string | undefined {
  const present = readPolicyFile(applied);
  if (present instanceof Error) return undefined;
  const copy = writeCopy(dirname(applied), present);
  makeLink(`${applied}.new`, copy);
  syncFolder(dirname(applied));
  moveLink(`${applied}.new`, applied);
  return copy;
}

function makeLink(link: string, target: string): void {
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function moveLink(link: string, applied: string): void {
  renameSync(link, applied);
  syncFolder(dirname(applied));
}

function removeOthers(applied: string, kept: readonly (string | undefined)[]): void {
  const folder = dirname(applied);
  const others = readdirSync(folder).filter(
    (name) => FOLDER.test(name) && !kept.includes(policyIn(basename(name))),
  );
  for (const name of others) rmSync(join(folder, name), { recursive: true, force: true });
}
