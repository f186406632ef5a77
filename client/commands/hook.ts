import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { openWorkshop } from "../agent/workshop.ts";
import { addressOf, isServed, probe } from "../service/probe.ts";
import { runHook } from "../service/hook.ts";
import { formatReload, runReload } from "../service/reload.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";

/** `keyclient hook test GRANT` runs the reload without renewing, and looks at what is served then. */
export async function hookTestCommand(
  deps: AgentDeps,
  output: Output,
  grant: string,
): Promise<ExitCode> {
  const { cookbook, memory } = openWorkshop(deps);
  const recipe = cookbook.recipes.get(grant);
  if (recipe === undefined) {
    const known = [...cookbook.recipes.keys()].join(", ");
    throw new Failure(EXIT.usage, `there is no recipe for ${grant}`, [`recipes: ${known}`]);
  }
  const { reload } = recipe;
  const result = reload.length === 0 ? undefined : await runReload(runHook, recipe);
  const served = recipe.probe === undefined ? undefined : await probe(recipe.probe);
  const record = memory.state().credentials[grant];
  const inUse =
    served !== undefined &&
    record !== undefined &&
    isServed(served, Buffer.from(record.certificate, "base64"));
  output.document({ grant, reload, result, served: served?.state, inUse });
  if (result?.ok === false) {
    throw new Failure(EXIT.unhealthy, `${result.message}${result.detail && `: ${result.detail}`}`, [
      `correct reload in ${recipe.source}, then:  keyclient hook test ${grant}`,
    ]);
  }
  output.done("reload", result === undefined ? "the recipe has none" : formatReload(reload));
  if (recipe.probe !== undefined) {
    const address = addressOf(recipe.probe);
    output.say(
      `   ${inUse ? "serves what is on disk" : "does not serve what is on disk"}: ${address}`,
    );
  }
  return served === undefined || inUse ? EXIT.ok : EXIT.unhealthy;
}
