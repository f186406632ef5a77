import type { Recipe } from "../recipe/recipe.ts";
import type { Hook, HookResult } from "./hook.ts";

/** Runs the commands of a recipe's reload, one after the other, each for at most its time; the first that fails is the last. */
export async function runReload(
  runHook: (hook: Hook) => Promise<HookResult>,
  { reload, timeout }: Pick<Recipe, "reload" | "timeout">,
): Promise<HookResult> {
  for (const [at, command] of reload.entries()) {
    const result = await runHook({ command, timeout });
    if (result.ok) continue;
    if (reload.length === 1) return result;
    const place = `${at + 1} of ${reload.length}, ${command.join(" ")}`;
    return { ...result, message: `${result.message} (${place})` };
  }
  return { ok: true };
}

/** A reload as people read it. */
export const formatReload = (reload: Recipe["reload"]): string =>
  reload.map((command) => command.join(" ")).join("; ");
