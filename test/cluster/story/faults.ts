import { machineSteps } from "../faults/machines.ts";
import { nodeSteps } from "../faults/node.ts";
import { outageSteps } from "../faults/outages.ts";
import type { Part } from "../stage.ts";

/** After each fault every machine is well again by itself, and holds exactly what the ledger says. */
export const faultsPart: Part = {
  name: "faults",
  about: "what breaks: servers, networks, power, clocks, disks, reloads",
  needs: ["install"],
  isLast: true,
  machines: ["m1", "m2", "m3", "w1", "s1", "d1"],
  begin: (stage) => ({
    steps: [...nodeSteps(stage), ...machineSteps(stage), ...outageSteps(stage)],
  }),
};
