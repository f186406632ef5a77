import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import { expectSeen } from "./control-plane.ts";
import { kubectl } from "./kubectl.ts";
import {
  flagsOf,
  formatKubeconfig,
  kubeconfigPath,
  KUBELET_CONFIG,
  startDaemon,
} from "./settings.ts";

const CONFIG = "/var/lib/kubelet/config.yaml";

/**
 * A kubelet sets the kernel up and reads its log. Machines here may do neither, so they have files in the place of
 * these: nothing of it is about certificates.
 */
const PRETENCE = "/usr/local/sbin/pretend-kernel";
const PRETEND = `#!/bin/sh
set -eu
ln -sf null /dev/kmsg
set_up() { # SETTING VALUE
  echo "$2" >"/run/$(basename "$1")"
  mount --bind "/run/$(basename "$1")" "/proc/sys/$1"
}
mountpoint -q /proc/sys/kernel/panic || {
  set_up vm/overcommit_memory 1
  set_up kernel/panic 10
  set_up kernel/panic_on_oops 1
}
`;

/** The kubelet on w1, until its node is Ready. */
export async function startKubelet(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  await w1.write(kubeconfigPath("kubelet"), formatKubeconfig("kubelet"), { mode: "0600" });
  await w1.write(CONFIG, KUBELET_CONFIG);
  await w1.write(PRETENCE, PRETEND, { mode: "0755" });
  await startDaemon(w1, "fake-cri", ["/run/fake-cri.sock"]);
  await startDaemon(
    w1,
    "kubelet",
    [`--config=${CONFIG}`, `--kubeconfig=${kubeconfigPath("kubelet")}`, `--node-ip=${w1.address}`],
    PRETENCE,
  );
  await until("node w1 is Ready", async () => {
    const ready = `{.items[*].metadata.name} {.items[*].status.conditions[?(@.type=="Ready")].status}`;
    const { stdout, stderr } = await kubectl(stage, "cela", `get nodes -o jsonpath='${ready}'`);
    if (stdout === "w1 True") return true;
    throw new Error(`${stdout}${stderr}\n${await w1.journal("kubelet", 25)}`);
  });
  await expectSeen(stage, "w1", "kubelet", 30);
}

/** kube-proxy on w1, until it has come with its certificate. */
export async function startProxy(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  await w1.write(kubeconfigPath("kube-proxy"), formatKubeconfig("kube-proxy"), { mode: "0600" });
  const kernel = ["--proxy-mode=nftables", "--conntrack-max-per-core=0"];
  const timeouts = ["established", "close-wait"].map(
    (state) => `--conntrack-tcp-timeout-${state}=0`,
  );
  await startDaemon(w1, "kube-proxy", [...flagsOf("kube-proxy"), ...kernel, ...timeouts]);
  await expectSeen(stage, "w1", "kube-proxy", 60);
}

/** Has w1's kubelet started with other settings than those of {@link startKubelet}. */
export async function reconfigureKubelet(
  stage: Stage,
  change: (config: string) => string,
): Promise<void> {
  const w1 = stage.machine("w1");
  await w1.write(CONFIG, change(await w1.read(CONFIG)));
  await w1.type("systemctl restart kubelet");
}
