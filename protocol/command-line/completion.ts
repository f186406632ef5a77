import { formatBashCompletion } from "./bash-completion.ts";
import type { Description } from "./description.ts";
import { formatFishCompletion } from "./fish-completion.ts";
import { listPlaces } from "./places.ts";
import { formatZshCompletion } from "./zsh-completion.ts";

/** Shells whose completion can be printed. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Whether completion for a shell of this name can be printed. */
export const isShell = (name: string): name is Shell => SHELLS.some((shell) => shell === name);

/** What `PROGRAM completion SHELL` prints: a file for the shell to source. It runs nothing when it completes. */
export function formatCompletion(description: Description, shell: Shell): string {
  const places = listPlaces(description);
  switch (shell) {
    case "bash":
      return formatBashCompletion(places);
    case "zsh":
      return formatZshCompletion(places);
    case "fish":
      return formatFishCompletion(places);
  }
}
