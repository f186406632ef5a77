import type { Part } from "./stage.ts";
import { cephPart } from "./story/ceph.ts";
import { directoryPart } from "./story/directory.ts";
import { etcdPart } from "./story/etcd.ts";
import { faultsPart } from "./story/faults.ts";
import { installPart } from "./story/install.ts";
import { kubernetesPart } from "./story/kubernetes.ts";
import { machinesPart } from "./story/machines.ts";
import { nodeUnitsPart } from "./story/node-units.ts";
import { sshPart } from "./story/ssh.ts";
import { unitsPart } from "./story/units.ts";

/** The story, in its order. */
export const PARTS: readonly Part[] = [
  machinesPart,
  directoryPart,
  installPart,
  etcdPart,
  sshPart,
  kubernetesPart,
  cephPart,
  nodeUnitsPart,
  unitsPart,
  faultsPart,
];
