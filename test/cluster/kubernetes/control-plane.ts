import { formatEtcdDefaults } from "../etcd.ts";
import { MASTERS } from "../nodes.ts";
import { fqdn } from "../site.ts";
import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import { isActive } from "../units.ts";
import { AUDIT_LOG, credentialOf, lastSeen } from "./seen.ts";
import {
  ACCOUNT_KEY,
  AUDIT_POLICY,
  certificateOf,
  flagsOf,
  formatKubeconfig,
  kubeconfigPath,
  startDaemon,
  type Client,
} from "./settings.ts";
import { allowWatches } from "./watches.ts";

/** The name that everybody goes to. */
export const API = `https://${fqdn("api")}:6443`;

/** The cluster's etcd where that part was played, else one member on m1. Gives the flag with its members. */
export async function findEtcd(stage: Stage): Promise<string> {
  const m1 = stage.machine("m1");
  const documented = flagsOf("kube-apiserver").find((flag) => flag.startsWith("--etcd-servers="));
  if (documented === undefined) throw new Error("docs/kubernetes.md names no etcd");
  if (await isActive(m1, "etcd")) return documented;
  const alone = formatEtcdDefaults("m1", m1.address).replace(
    /^ETCD_INITIAL_CLUSTER=.*$/m,
    `ETCD_INITIAL_CLUSTER=m1=https://${fqdn("m1")}:2380`,
  );
  await m1.write("/etc/default/etcd", alone);
  await m1.type("systemctl start etcd", { timeout: 90 });
  stage.note("m1's etcd alone: the part etcd was not played");
  return documented.replace(/=.*$/, `=https://${fqdn("m1")}:2379`);
}

/** The key on m1, and carried by hand to the others. */
export async function shareAccountKey(stage: Stage): Promise<void> {
  const [first, ...others] = MASTERS.map((name) => stage.machine(name));
  if (first === undefined) throw new TypeError("no master");
  await first.type(ACCOUNT_KEY);
  const pem = await first.read("/etc/kubernetes/pki/sa.key");
  const shown = await first.ok(["stat", "-c", "%U %a", "/etc/kubernetes/pki/sa.key"]);
  if (shown !== "root 600\n") throw new Error(`sa.key is ${shown}`);
  for (const machine of others) {
    await machine.write("/etc/kubernetes/pki/sa.key", pem, { mode: "0600" });
    await machine.write(
      "/etc/kubernetes/pki/sa.pub",
      await first.read("/etc/kubernetes/pki/sa.pub"),
    );
  }
}

/** kube-apiserver on m1, until it is ready. */
export async function startApiServer(stage: Stage, etcdServers: string): Promise<void> {
  const m1 = stage.machine("m1");
  allowWatches(stage);
  await m1.write("/etc/kubernetes/audit.yaml", AUDIT_POLICY);
  await m1.type("mkdir -p /var/log/kubernetes");
  const flags = flagsOf("kube-apiserver").map((flag) =>
    flag.startsWith("--etcd-servers=") ? etcdServers : flag,
  );
  const audit = ["--audit-policy-file=/etc/kubernetes/audit.yaml", `--audit-log-path=${AUDIT_LOG}`];
  await startDaemon(m1, "kube-apiserver", [...flags, ...audit, "--enable-aggregator-routing=true"]);
  await until(
    "kube-apiserver is ready",
    async () => {
      const { code, stdout, stderr } = await asClient(stage, "kube-scheduler", "/readyz");
      if (code === 0 && stdout === "ok") return true;
      throw new Error(`${stderr}${stdout}\n${await m1.journal("kube-apiserver", 15)}`);
    },
    { seconds: 120 },
  );
}

/** Asks the API server on m1 with the certificate of a program. */
export function asClient(stage: Stage, client: Client, path: string) {
  const certificate = certificateOf(client);
  const pair = ["--cert", certificate, "--key", certificate.replace(/crt$/, "key")];
  const anchors = ["--cacert", "/etc/kubernetes/pki/ca.crt"];
  return stage.machine("m1").run(["curl", "-sS", ...anchors, ...pair, `${API}${path}`]);
}

/** A program that works with a lease on m1, until it has come with the certificate of its file. */
export async function startController(
  stage: Stage,
  program: "kube-controller-manager" | "kube-scheduler",
): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.write(kubeconfigPath(program), formatKubeconfig(program), { mode: "0600" });
  await startDaemon(m1, program, flagsOf(program));
  await expectSeen(stage, "m1", program, 60);
}

/** Waits until a program has come to the API server with what is on disk now. */
export async function expectSeen(
  stage: Stage,
  name: "m1" | "w1",
  client: Client,
  seconds: number,
): Promise<void> {
  const wanted = await credentialOf(stage.machine(name), certificateOf(client));
  const user = userOf(name, client);
  await until(
    `${user} with ${wanted}`,
    async () => {
      const seen = await lastSeen(stage.machine("m1"), user);
      if (seen === wanted) return true;
      const journal = await stage.machine(name).journal(client, 15);
      throw new Error(`last seen: ${seen}\n${journal}`);
    },
    { seconds, every: 5 },
  );
}

/** Who a program is to the API server, as the policy says. */
export const userOf = (name: string, client: Client): string =>
  client === "kubelet" ? `system:node:${name}` : `system:${client}`;
