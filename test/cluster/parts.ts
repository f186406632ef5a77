import type { Part } from "./stage.ts";
import { directoryPart } from "./story/directory.ts";
import { machinesPart } from "./story/machines.ts";

/** The story, in its order. */
export const PARTS: readonly Part[] = [machinesPart, directoryPart];
