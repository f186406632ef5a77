import { ETCD_FILES, etcdctl, formatEtcdDefaults, WRITER } from "../etcd.ts";
import type { Machine } from "../machines.ts";
import { listIssued, MASTERS } from "../nodes.ts";
import type { Part, Stage } from "../stage.ts";
import { until } from "../until.ts";

/** How often each certificate has to be renewed under the writer. */
const RENEWALS = 10;

const GRANTS = ["etcd-server", "etcd-peer", "etcd-client"] as const;

/** Debian's etcd on the masters, under a writer that never stops, through many renewals. */
export const etcdPart: Part = {
  name: "etcd",
  about: `etcd on ${MASTERS.join(", ")} with our certificates, which it rereads`,
  needs: ["install"],
  machines: MASTERS,
  begin(stage) {
    /** Processes of etcd, by machine; a renewal needs no new one. */
    const processes = new Map<string, string>();
    return {
      steps: [
        {
          title: "three members find one another",
          essential: true,
          play: () => start(stage, processes),
        },
        { title: "nobody gets in without a certificate", play: () => refuseNobody(stage) },
        { title: "a certificate of another authority is refused", play: () => refuseOthers(stage) },
        { title: "a peer's port takes peers' certificates alone", play: () => refusePeers(stage) },
        {
          title: "a writer begins, and one that watches",
          essential: true,
          play: () => write(stage),
        },
      ],
      closing: [
        ...MASTERS.map((name) => ({
          title: `${name}: server, peer and client certificate were renewed ${RENEWALS} times`,
          play: () => countRenewals(stage, name),
        })),
        {
          title: "each member serves its newest certificates, and none has ended",
          play: () => seeServed(stage),
        },
        { title: "not one write failed", play: () => countWrites(stage) },
        {
          title: "who watched has seen each write, over one connection",
          play: () => countSeen(stage),
        },
        { title: "no member was started anew", play: () => seeSameProcesses(stage, processes) },
      ],
    };
  },
};

async function start(stage: Stage, processes: Map<string, string>): Promise<void> {
  const machines = MASTERS.map((name) => stage.machine(name));
  for (const machine of machines) {
    await machine.write("/etc/default/etcd", formatEtcdDefaults(machine.name, machine.address));
  }
  // A member is ready when most are there: none can be waited for alone.
  await Promise.all(
    machines.map((machine) => machine.type("systemctl start etcd", { timeout: 90 })),
  );
  const m1 = stage.machine("m1");
  await until("all members are healthy", async () => {
    return (await m1.run(etcdctl(MASTERS, "endpoint", "health"))).code === 0;
  });
  for (const machine of machines) processes.set(machine.name, await processOf(machine));
}

const processOf = async (machine: Machine): Promise<string> =>
  (await machine.ok(["systemctl", "show", "etcd", "-PMainPID", "-PNRestarts"])).trim();

async function refuseNobody(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  for (const name of MASTERS) {
    const { address } = stage.machine(name);
    const anchors = ["--cacert", ETCD_FILES.clientAnchors];
    const { code, stdout } = await m1.run([
      "curl",
      "-sS",
      ...anchors,
      `https://${address}:2379/health`,
    ]);
    if (code === 0) throw new Error(`${name} answers: ${stdout}`);
  }
}

async function refuseOthers(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  for (const pair of [ETCD_FILES.peer, KUBELET]) {
    const shown = [`--cert=${pair.certificate}`, `--key=${pair.key}`];
    const asked = etcdctl(["m2"], "get", "x").map((word) => {
      const [flag] = word.split("=");
      return shown.find((each) => each.startsWith(`${flag}=`)) ?? word;
    });
    const { code } = await m1.run(asked);
    if (code === 0) throw new Error(`m2 takes ${pair.certificate} for a client's`);
  }
}

const KUBELET = {
  certificate: "/var/lib/kubelet/pki/kubelet-client.crt",
  key: "/var/lib/kubelet/pki/kubelet-client.key",
};

async function refusePeers(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const ask = (pair: { readonly certificate: string; readonly key: string }) => {
    const as = ["--cacert", ETCD_FILES.peerAnchors, "--cert", pair.certificate, "--key", pair.key];
    const url = `https://${stage.machine("m2").fqdn}:2380/version`;
    return m1.run(["curl", "-sS", "--http1.1", ...as, url]);
  };
  const peer = await ask(ETCD_FILES.peer);
  if (peer.code !== 0) throw new Error(`m2 refuses m1: ${peer.stderr}`);
  const client = await ask(ETCD_FILES.client);
  if (client.code === 0) throw new Error(`m2 takes a client for a peer: ${client.stdout}`);
}

async function write(stage: Stage): Promise<void> {
  const [m1, m2] = [stage.machine("m1"), stage.machine("m2")];
  const watch = etcdctl(["m2"], "watch", "--prefix", "writes/").filter(
    (word) => !word.startsWith("--command-timeout"),
  );
  const log = "--property=StandardOutput=file:/var/log";
  await m2.ok(["systemd-run", "--unit=watcher", `${log}/watcher.log`, ...watch]);
  await m1.ok(["systemd-run", "--unit=writer", `${log}/writer.log`, "sh", "-c", WRITER]);
  await until("the first writes", async () => {
    const lines = await m1.read("/var/log/writer.log");
    return MASTERS.every((name) => lines.includes(`${name} 2 ok`));
  });
}

async function countRenewals(stage: Stage, node: string): Promise<void> {
  const count = async (): Promise<readonly (readonly [string, number])[]> => {
    const issued = await listIssued(stage.machine("m1"), node);
    return GRANTS.map(
      (name) => [name, issued.filter(({ grant }) => grant === name).length - 1] as const,
    );
  };
  await until(
    `${RENEWALS} renewals of each`,
    async () => {
      const counts = await count();
      if (counts.every(([, renewals]) => renewals >= RENEWALS)) return true;
      throw new Error(counts.map(([name, renewals]) => `${name}: ${renewals}`).join(", "));
    },
    // The writer goes on meanwhile; renewals come every minute and a half.
    { seconds: 1800, every: 10 },
  );
  const final = (await count()).map(([name, renewals]) => `${name} ${renewals}`).join(", ");
  stage.figure(`renewals on ${node} under the writer`, final);
}

async function seeServed(stage: Stage): Promise<void> {
  for (const name of MASTERS) {
    const machine = stage.machine(name);
    for (const [port, pair, as] of PORTS) {
      const served = `openssl s_client -connect ${machine.address}:${port} -cert ${as.certificate} -key ${as.key} </dev/null 2>/dev/null | openssl x509 -noout -serial`;
      const isGood = `openssl x509 -noout -checkend 0 -in ${pair.certificate} >/dev/null`;
      const onDisk = `${isGood}; openssl x509 -noout -serial -in ${pair.certificate}`;
      await until(
        `${name}:${port} serves what is on disk`,
        async () => (await machine.type(served)) === (await machine.type(onDisk)),
        { seconds: 20 },
      );
    }
  }
}

const PORTS = [
  [2379, ETCD_FILES.server, ETCD_FILES.client],
  [2380, ETCD_FILES.peer, ETCD_FILES.peer],
] as const;

async function countWrites(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.type("systemctl stop writer");
  const lines = (await m1.read("/var/log/writer.log")).trimEnd().split("\n");
  const failed = lines.filter((line) => !/^m\d \d+ ok$/.test(line));
  stage.figure("writes to etcd, and failed ones", `${lines.length}, ${failed.length}`);
  if (failed.length > 0) throw new Error(failed.slice(0, 20).join("\n"));
}

/** etcdctl shows each as three lines: PUT, key, value. */
async function countSeen(stage: Stage): Promise<void> {
  const written = (await stage.machine("m1").read("/var/log/writer.log"))
    .trimEnd()
    .split("\n").length;
  const m2 = stage.machine("m2");
  await m2.ok(["systemctl", "is-active", "watcher"]);
  const seen = (await m2.read("/var/log/watcher.log")).split("\n").filter((line) => line === "PUT");
  await m2.type("systemctl stop watcher");
  // The write that was under way when the writer was stopped may be there without its line.
  if (seen.length < written || seen.length > written + 1) {
    throw new Error(`${written} were written, and ${seen.length} seen`);
  }
}

async function seeSameProcesses(stage: Stage, before: ReadonlyMap<string, string>): Promise<void> {
  for (const name of MASTERS) {
    const now = await processOf(stage.machine(name));
    if (now !== before.get(name)) {
      throw new Error(
        `${name}: etcd was ${before.get(name)}, and is ${now}\n${await stage.machine(name).journal("etcd", 40)}`,
      );
    }
  }
}
