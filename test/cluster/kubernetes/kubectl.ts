import { act } from "../people.ts";
import type { Stage } from "../stage.ts";

/** What a person on d1 gets of kubectl, with keyreq behind it. `words` is what stands after `kubectl`. */
export const kubectl = (stage: Stage, user: string, words: string): ReturnType<typeof act> =>
  act(stage.machine("d1"), user, `kubectl ${words}`);

/** As {@link kubectl}. @throws Error with all that it said when it is refused */
export async function kubectlOk(stage: Stage, user: string, words: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(stage, user, words);
  if (code === 0) return stdout;
  throw new Error(`${user}@d1$ kubectl ${words}\nended with ${code}\n${stdout}${stderr}`);
}

/** @throws Error unless it is refused with `reason` among its words */
export async function kubectlRefused(
  stage: Stage,
  user: string,
  words: string,
  reason: string,
): Promise<void> {
  const { code, stdout, stderr } = await kubectl(stage, user, words);
  if (code === 0) throw new Error(`${user} may: kubectl ${words}\n${stdout}`);
  if (!stderr.includes(reason))
    throw new Error(`refused otherwise than by "${reason}":\n${stderr}`);
}
