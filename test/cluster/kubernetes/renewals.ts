import type { Machine } from "../machines.ts";
import { listIssued } from "../nodes.ts";
import type { Stage } from "../stage.ts";
import { showUnit } from "../units.ts";
import { until } from "../until.ts";
import { userOf } from "./control-plane.ts";
import { kubectlOk } from "./kubectl.ts";
import { credentialOf, firstSeenAt, lastSeen, lastSeenByKubelet } from "./seen.ts";
import { certificateOf, type Client } from "./settings.ts";

/** Seconds: five minutes, which is how often programs of Kubernetes look at their files, and what a look takes. */
export const POLL = 330;

/** Clients of the API server, and where they are. */
export const CLIENTS = [
  ["m1", "kube-controller-manager"],
  ["m1", "kube-scheduler"],
  ["w1", "kubelet"],
  ["w1", "kube-proxy"],
] as const satisfies readonly (readonly ["m1" | "w1", Client])[];

/** Who serves with a certificate of ours. */
export const SERVERS = [
  {
    name: "m1",
    unit: "kube-apiserver",
    grant: "kube-apiserver",
    port: 6443,
    file: "/etc/kubernetes/pki/apiserver.crt",
  },
  {
    name: "w1",
    unit: "kubelet",
    grant: "kubelet-serving",
    port: 10250,
    file: "/var/lib/kubelet/pki/kubelet.crt",
  },
] as const;
export type Server = (typeof SERVERS)[number];

/** Daemons that no renewal may start anew. */
const DAEMONS = [["m1", "kube-apiserver"], ...CLIENTS] as const;

/** Process and number of restarts of every daemon, by machine and unit. */
export async function listProcesses(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const [name, unit] of DAEMONS) {
    found.set(`${name}: ${unit}`, await showUnit(stage.machine(name), unit, "MainPID"));
  }
  return found;
}

/** @throws Error naming the daemons that are others than those of `before` */
export async function expectSameProcesses(
  stage: Stage,
  before: ReadonlyMap<string, string>,
): Promise<void> {
  const now = await listProcesses(stage);
  const other = [...before].filter(([daemon, pid]) => now.get(daemon) !== pid);
  if (other.length > 0)
    throw new Error(`started anew: ${other.map(([daemon]) => daemon).join(", ")}`);
}

/** Waits until a server's certificate has been renewed `times` times, and it shows the newest. */
export async function expectRenewed(stage: Stage, server: Server, times: number): Promise<void> {
  const { name, grant } = server;
  await until(
    `${times} renewals of ${grant}`,
    async () => (await listIssued(stage.machine("m1"), name, grant)).length > times,
    { seconds: 300, every: 5 },
  );
  await expectServed(stage, server);
}

/** Waits until a server shows what is on disk. */
export async function expectServed(stage: Stage, server: Server): Promise<void> {
  const machine = stage.machine(server.name);
  await until(
    `${server.name}:${server.port} serves what is on disk`,
    async () =>
      (await readServed(machine, server.port)) === (await credentialOf(machine, server.file)),
    { seconds: 20 },
  );
}

/** What a port shows, as {@link credentialOf} names it. */
async function readServed(machine: Machine, port: number): Promise<string> {
  const file = `/run/served-${port}.pem`;
  await machine.type(
    `openssl s_client -connect ${machine.address}:${port} </dev/null 2>/dev/null >${file} || true`,
  );
  return credentialOf(machine, file);
}

/** `keyclient renew` on a machine, as its timer would. @throws Error unless the certificate is another */
export async function renew(machine: Machine, grant: string, file: string): Promise<void> {
  const before = await credentialOf(machine, file);
  await until(`${grant} is renewed`, async () => {
    const { code, stdout, stderr } = await machine.run(["keyclient", "renew", grant]);
    if (code === 0) return true;
    // The timer is at work; whatever else is wrong is still so the next time.
    throw new Error(`keyclient renew ${grant} ended with ${code}\n${stdout}${stderr}`);
  });
  if ((await credentialOf(machine, file)) === before) throw new Error(`${file} is what it was`);
}

/** Renews what a server serves, and sees the new one served by the same process. */
export async function renewServed(stage: Stage, server: Server): Promise<void> {
  await renew(stage.machine(server.name), server.grant, server.file);
  const began = performance.now();
  await expectServed(stage, server);
  stage.figure(`${server.unit}: new serving certificate in use`, seconds(began));
}

/** Renews the certificates of everybody who looks at the files from time to time. */
export async function renewClients(stage: Stage): Promise<void> {
  for (const [name, client] of CLIENTS) {
    await renew(stage.machine(name), client, certificateOf(client));
    const old = await lastSeen(stage.machine("m1"), userOf(name, client));
    if (old === "") throw new Error(`${client} was never there`);
  }
  await renew(stage.machine("m1"), "apiserver-to-kubelet", TO_KUBELET.file);
}

/** Tells how long after a renewal (seconds since 1970, by m1's clock) each new certificate came into use. */
export async function measureClients(stage: Stage, renewed: number): Promise<void> {
  const m1 = stage.machine("m1");
  for (const [name, client] of CLIENTS) {
    const now = await credentialOf(stage.machine(name), certificateOf(client));
    const at = await firstSeenAt(m1, now);
    if (at === undefined) throw new Error(`${client} never came with ${now}`);
    stage.figure(`${client}: new client certificate in use`, `${(at - renewed).toFixed(0)} s`);
  }
  const at = await firstSeenAt(m1, await credentialOf(m1, TO_KUBELET.file));
  stage.figure(
    "API server to kubelet: new one seen in use",
    `${((at ?? NaN) - renewed).toFixed(0)} s`,
  );
}

/** How the API server goes to kubelets. */
const TO_KUBELET = {
  user: "kube-apiserver-kubelet-client",
  file: "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
} as const;

/** Reaches w1's kubelet by way of the API server until that shows what is on disk. */
export async function expectReached(stage: Stage, within: number): Promise<void> {
  const m1 = stage.machine("m1");
  await until(
    "the API server goes to the kubelet with what is on disk",
    async () => {
      const pods = await kubectlOk(stage, "cela", "get --raw /api/v1/nodes/w1/proxy/pods");
      if (!pods.includes("PodList")) throw new Error(pods);
      const seen = await lastSeenByKubelet(m1, TO_KUBELET.user);
      if (seen === (await credentialOf(m1, TO_KUBELET.file))) return true;
      throw new Error(`last seen: ${seen}`);
    },
    { seconds: within, every: 10 },
  );
}

const seconds = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
