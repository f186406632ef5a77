import { existsSync } from "node:fs";
import { join } from "node:path";

/** What the machines run of Kubernetes; fake-cri is a container runtime that runs nothing. */
export const PROGRAMS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
  "fake-cri",
] as const;
export type Program = (typeof PROGRAMS)[number];

/** Where the machines see them. */
const INSIDE = "/opt/kubernetes";

/** A program's path inside a machine. */
export const programPath = (program: Program): string => `${INSIDE}/${program}`;

/** Folder of the programs on this machine: that of `KEYSYSTEM_KUBERNETES`, else where build-kubernetes.sh puts them. */
const folder = (): string => {
  const home = process.env["KEYSYSTEM_CLUSTER"] ?? "/var/tmp/keysystem-cluster";
  return process.env["KEYSYSTEM_KUBERNETES"] ?? join(home, "kubernetes-programs");
};

/** Why Kubernetes cannot be played, in a line; undefined when all programs are there. */
export function whyNoKubernetes(): string | undefined {
  const missing = PROGRAMS.filter((program) => !existsSync(join(folder(), program)));
  if (missing.length === 0) return undefined;
  return `no ${missing.join(", ")} in ${folder()}; bash test/cluster/build-kubernetes.sh builds them (KEYSYSTEM_KUBERNETES names another folder)`;
}

/** Arguments of systemd-nspawn that show the programs to a machine; none when they are not there. */
export const showPrograms = (): readonly string[] =>
  whyNoKubernetes() === undefined ? [`--bind-ro=${folder()}:${INSIDE}`] : [];
