import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { hashTexts, writePolicy } from "../config/write-policy.ts";

/** A copy of a policy, with what it includes, in a folder that nobody else can read. */
export type Draft = {
  readonly file: string;
  /** Hash of the policy that it was copied from. */
  readonly base: string;
  /** Whether something in it was changed. */
  readonly isChanged: () => boolean;
  readonly remove: () => void;
};

/** Copies a policy to be edited, right or wrong. @throws OperatorError when it cannot be read */
export function makeDraft(file: string): Draft {
  const found = readPolicyFile(file);
  if (found instanceof Error) {
    throw new OperatorError(`no policy: ${found.message}`, {
      hint: "put one there: keyserver policy show > policy.yaml",
      exitCode: EXIT.usage,
      cause: found,
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "keyserver-edit-"));
  const draft = join(folder, "policy.yaml");
  writePolicy(draft, found);
  const base = hashTexts(found);
  return {
    file: draft,
    base,
    isChanged: () => {
      const present = readPolicyFile(draft);
      return present instanceof Error || hashTexts(present) !== base;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Keeps an edit beside the policy for later. @returns where, or undefined when there is nothing to keep */
export function keepDraft({ file, isChanged }: Draft, policy: string): string | undefined {
  if (!isChanged() || !existsSync(file)) return undefined;
  const kept = `${policy}.edit`;
  copyFileSync(file, kept);
  return kept;
}

/** The editor that the operator wants, in words: $VISUAL, then $EDITOR, then vi. */
function editorWords(): readonly string[] {
  const { VISUAL: visual, EDITOR: editor } = process.env;
  const wanted = [visual, editor].find((text) => text !== undefined && text.trim() !== "");
  return (wanted ?? "vi").trim().split(/\s+/);
}

/** Opens the operator's editor and waits until it has ended. @throws OperatorError when it fails */
export async function openEditor(file: string): Promise<void> {
  const [program = "vi", ...flags] = editorWords();
  // Ctrl-C in the editor is the editor's.
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  try {
    const code = await runEditor(program, [...flags, file]);
    if (code === 0) return;
    throw failed(`${program} ended with ${code}`);
  } finally {
    process.off("SIGINT", ignore);
  }
}

function runEditor(program: string, words: readonly string[]): Promise<number> {
  const child = spawn(program, words, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", (cause) => reject(failed(`${program} does not start`, cause)));
    child.on("exit", (code) => resolve(code ?? 128));
  });
}

const failed = (message: string, cause?: unknown): OperatorError =>
  new OperatorError(`${message}; nothing was changed`, {
    hint: "name your editor: EDITOR=nano keyserver policy edit",
    cause,
  });
