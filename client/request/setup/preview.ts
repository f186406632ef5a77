import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import type { RequestDeps } from "../deps.ts";
import type { Change } from "./plan.ts";

type PreviewDeps = Pick<RequestDeps, "terminal" | "places">;

/** `3 lines`, `1 context`. */
export const sayChange = ({ kind, lines }: Change): string =>
  kind === "kube" ? "1 context" : `${lines.length} lines`;

/** A file as people write it: `~/.ssh/config`. */
export const nameOf = (
  { places: { home } }: Pick<RequestDeps, "places">,
  { path }: { readonly path: string },
): string => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);

/** A file of keyreq's own that ssh reads, and all its lines. */
export type OwnFile = { readonly path: string; readonly lines: readonly string[] };

type Preview = {
  readonly changes: readonly Change[];
  readonly own: readonly OwnFile[];
  readonly yes: boolean;
};

/**
 * Shows what would be added where, and asks; gives whether it is to be written. Nothing is asked
 * where nothing is to be added.
 *
 * @throws Failure (exit 2) where nobody can be asked and nobody has said yes; what would be added
 *   has been shown then.
 */
export async function confirmChanges(
  deps: PreviewDeps,
  output: Output,
  { changes, own, yes }: Preview,
): Promise<boolean> {
  if (changes.length === 0) return true;
  if (yes || !deps.terminal.isInteractive()) {
    show(deps, output, [...shown(changes), ...own]);
    if (yes) return true;
    throw new Failure(EXIT.usage, "nothing was written: there is no terminal to ask on", [
      "keyreq setup URL --pin PIN --yes",
    ]);
  }
  const what = changes.map((change) => `${sayChange(change)} to ${nameOf(deps, change.file)}`);
  const first = await deps.terminal.ask(
    `Will add ${what.join(" and ")}.  Show them? [y] / write / no: `,
  );
  if (!isYes(first) && first.trim() !== "") return isWrite(first);
  show(deps, output, [...shown(changes), ...own]);
  return isWrite(await deps.terminal.ask("write / no: "));
}

const isYes = (answer: string): boolean => /^y(?:es)?$/i.test(answer.trim());
const isWrite = (answer: string): boolean => /^w(?:rite)?$/i.test(answer.trim());

const shown = (changes: readonly Change[]): readonly OwnFile[] =>
  changes.map(({ file: { path }, lines }) => ({ path, lines }));

function show(deps: PreviewDeps, output: Output, files: readonly OwnFile[]): void {
  for (const file of files) {
    output.say(nameOf(deps, file));
    for (const line of file.lines) output.say(`  + ${line}`);
  }
}
