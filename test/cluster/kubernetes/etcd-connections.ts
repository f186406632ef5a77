import { ETCD_FILES } from "../etcd.ts";
import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import { showUnit } from "../units.ts";
import { asClient } from "./control-plane.ts";

const OLD = "/run/first-etcd-client";

/** Keeps the certificate that the API server began with. */
export async function keepFirst(stage: Stage): Promise<void> {
  const { certificate, key } = ETCD_FILES.client;
  await stage.machine("m1").type(`cp ${certificate} ${OLD}.crt; install -m 0600 ${key} ${OLD}.key`);
}

/**
 * Waits until the first certificate has ended and etcd refuses it, then cuts every connection of the API server
 * to etcd: that it goes on means that it came back with a new one.
 */
export async function cutConnections(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await until(
    "the first certificate is refused by etcd",
    async () => !(await isTaken(stage, `${OLD}.crt`)),
    { seconds: 180, every: 5 },
  );
  if (!(await isTaken(stage, ETCD_FILES.client.certificate))) throw new Error("and the newest too");
  const before = await listConnections(stage);
  if (before.length === 0) throw new Error("the API server has no connection to etcd");
  for (const port of before)
    await m1.ok(["ss", "-K", "state", "established", `( sport = :${port} )`]);
  await until("the API server is ready, over new connections", async () => {
    const { stdout } = await asClient(stage, "kube-scheduler", "/readyz");
    const after = await listConnections(stage);
    const kept = after.filter((port) => before.includes(port));
    if (kept.length > 0)
      throw new Error(`${kept.length} of ${before.length} connections are the old ones`);
    return stdout === "ok" && after.length > 0;
  });
  stage.note(`${before.length} connections to etcd were cut`);
}

/** Whether etcd answers to a certificate, whose key is beside it. */
async function isTaken(stage: Stage, certificate: string): Promise<boolean> {
  const m1 = stage.machine("m1");
  const as = ["--cert", certificate, "--key", certificate.replace(/crt$/, "key")];
  const asked = ["curl", "-sS", ...as, "--cacert", ETCD_FILES.clientAnchors];
  return (await m1.run([...asked, `https://${m1.fqdn}:2379/health`])).code === 0;
}

/** Local ports of the API server's connections to etcd. */
async function listConnections(stage: Stage): Promise<readonly string[]> {
  const m1 = stage.machine("m1");
  const pid = await showUnit(m1, "kube-apiserver", "MainPID");
  const shown = await m1.ok(["ss", "-Htnp", "state", "established", "( dport = :2379 )"]);
  return shown
    .split("\n")
    .filter((line) => line.includes(`pid=${pid},`))
    .flatMap((line) => /:(\d+)\s+\S+:2379\s/.exec(line)?.[1] ?? []);
}
