import {
  bind,
  expectWho,
  refuseAtKubelet,
  refuseNode,
  refuseOthers,
  setUpPeople,
  tryAsAlice,
  tryToken,
} from "../kubernetes/access.ts";
import {
  expectSeen,
  findEtcd,
  shareAccountKey,
  startApiServer,
  startController,
} from "../kubernetes/control-plane.ts";
import { cutConnections, keepFirst } from "../kubernetes/etcd-connections.ts";
import { renewFrontProxy } from "../kubernetes/front-proxy.ts";
import { whyNoKubernetes } from "../kubernetes/programs.ts";
import {
  CLIENTS,
  expectReached,
  expectRenewed,
  expectSameProcesses,
  expectServed,
  listProcesses,
  measureClients,
  POLL,
  renew,
  renewClients,
  renewServed,
  SERVERS,
} from "../kubernetes/renewals.ts";
import { countUnauthorized } from "../kubernetes/seen.ts";
import { OLD_KUBELET_RECIPE } from "../kubernetes/settings.ts";
import { reconfigureKubelet, startKubelet, startProxy } from "../kubernetes/worker.ts";
import type { Part, Stage, Step } from "../stage.ts";
import { showUnit } from "../units.ts";
import { until } from "../until.ts";

/** What the steps tell one another. */
type Course = {
  /** Processes from before the first renewal. */
  processes: ReadonlyMap<string, string>;
  /** When clients were renewed, and from when on nobody may be refused: seconds since 1970, by m1's clock. */
  since: number;
};

/** Kubernetes with certificates of ours alone: m1 has its control plane, w1 is a node, and people come from d1. */
export const kubernetesPart: Part = {
  name: "kubernetes",
  about: "a control plane on m1, a node on w1, kubectl on d1, through renewals",
  needs: ["install"],
  machines: ["m1", "w1", "d1"],
  missing: whyNoKubernetes,
  begin(stage) {
    const course: Course = { processes: new Map(), since: 0 };
    const steps = [...startSteps(stage), ...accessSteps(stage), ...renewalSteps(stage, course)];
    return { steps, closing: closingSteps(stage, course) };
  },
};

const startSteps = (stage: Stage): readonly Step[] => [
  {
    title: "service accounts: a key made on m1, and carried to m2 and m3 by hand",
    essential: true,
    play: () => shareAccountKey(stage),
  },
  {
    title: "m1: kube-apiserver on etcd, ready",
    essential: true,
    async play() {
      const servers = await findEtcd(stage);
      await keepFirst(stage);
      await startApiServer(stage, servers);
    },
  },
  ...(["kube-controller-manager", "kube-scheduler"] as const).map((program) => ({
    title: `m1: ${program} comes with the certificate of its kubeconfig`,
    essential: true,
    play: () => startController(stage, program),
  })),
  {
    title: "d1: keyreq setup knows the API, cela and alice have tickets",
    essential: true,
    play: () => setUpPeople(stage),
  },
  {
    title: "w1: the kubelet registers with the certificate that we gave, and is Ready",
    essential: true,
    play: () => startKubelet(stage),
  },
  { title: "w1: kube-proxy comes with its certificate", play: () => startProxy(stage) },
];

const accessSteps = (stage: Stage): readonly Step[] => [
  {
    title: "cela, by kubectl: root:cela of system:masters, with the certificate that keyreq holds",
    play: () =>
      expectWho(stage, "cela", {
        username: "root:cela",
        group: "system:masters",
        grant: "kube-admin",
      }),
  },
  {
    title: "alice, by kubectl: user:alice of cluster-users",
    play: () =>
      expectWho(stage, "alice", {
        username: "user:alice",
        group: "cluster-users",
        grant: "kube-user",
      }),
  },
  {
    title: "cela binds the groups of the policy to roles",
    essential: true,
    play: () => bind(stage),
  },
  {
    title: "alice reads pods; secrets, nodes, other names and roles are refused",
    play: () => tryAsAlice(stage),
  },
  {
    title: "m1: who has no certificate, a server's or another authority's is nobody",
    play: () => refuseOthers(stage),
  },
  {
    title: "w1: its certificate is good for node w1, and for no other",
    play: () => refuseNode(stage),
  },
  {
    title: "w1: the kubelet's port answers neither nobody nor a node",
    play: () => refuseAtKubelet(stage),
  },
  { title: "a service account's token is good, a bent one is not", play: () => tryToken(stage) },
  {
    title: "m1 reaches w1's kubelet with its own certificate",
    play: () => expectReached(stage, 60),
  },
];

const renewalSteps = (stage: Stage, course: Course): readonly Step[] => [
  {
    title: "all that is looked at every five minutes is renewed",
    async play() {
      const m1 = stage.machine("m1");
      course.processes = await listProcesses(stage);
      course.since = Number(await m1.type("date +%s"));
      await renewClients(stage);
    },
  },
  ...SERVERS.map((server) => ({
    title: `${server.name}: ${server.unit} serves a new certificate at once`,
    play: () => renewServed(stage, server),
  })),
  {
    title: "m1: the API server shows a new certificate to servers behind it",
    play: () => renewFrontProxy(stage),
  },
  {
    title: "m1: cut off from etcd, the API server comes back with a new certificate",
    play: () => cutConnections(stage),
  },
  ...CLIENTS.map((client) => ({
    title: `${client[0]}: ${client[1]} comes with the new certificate`,
    play: () => expectSeen(stage, client[0], client[1], POLL),
  })),
  {
    title: "m1 reaches w1's kubelet with the new certificate",
    async play() {
      await expectReached(stage, POLL);
      await measureClients(stage, course.since);
    },
  },
  {
    title: "no daemon was started anew, and no request refused, through all renewals",
    play: () => seeNoHarm(stage, course),
  },
  {
    title: "w1: a kubelet that does not look again is restarted by the recipe's hook",
    play: () => renewOldKubelet(stage, course),
  },
];

const closingSteps = (stage: Stage, course: Course): readonly Step[] => [
  ...SERVERS.map((server) => ({
    title: `${server.name}: ${server.unit} serves its newest certificate, renewed three times and more`,
    play: () => expectRenewed(stage, server, 3),
  })),
  ...CLIENTS.map((client) => ({
    title: `${client[0]}: ${client[1]} uses its newest certificate`,
    play: () => expectSeen(stage, client[0], client[1], POLL),
  })),
  {
    title: "no daemon was started anew, and no request refused, to the end",
    play: () => seeNoHarm(stage, course),
  },
];

async function seeNoHarm(stage: Stage, course: Course): Promise<void> {
  await expectSameProcesses(stage, course.processes);
  const refused = await countUnauthorized(stage.machine("m1"), course.since);
  if (refused > 0) throw new Error(`${refused} requests were of nobody that the API server knows`);
}

const RECIPE = "/etc/keysystem/recipes/kubelet-serving.yaml";
const GATE = "ReloadKubeletServerCertificateFile: false";

/** The same kubelet with what 1.31 brought switched off; then as it was. */
async function renewOldKubelet(stage: Stage, course: Course): Promise<void> {
  const [, kubelet] = SERVERS;
  const w1 = stage.machine("w1");
  await reconfigureKubelet(stage, (config) => config.replace("{}", `{ ${GATE} }`));
  await until("it serves", async () => (await expectServed(stage, kubelet), true));
  try {
    const before = await showUnit(w1, "kubelet", "MainPID");
    await w1.ok(["mkdir", "-p", "/etc/keysystem/recipes"]);
    await w1.write(RECIPE, OLD_KUBELET_RECIPE);
    await renew(w1, kubelet.grant, kubelet.file);
    await expectServed(stage, kubelet);
    if ((await showUnit(w1, "kubelet", "MainPID")) === before) throw new Error("no hook was run");
    await w1.type("keyclient status --check");
  } finally {
    await w1.ok(["rm", "-f", RECIPE]);
    await reconfigureKubelet(stage, (config) => config.replace(`{ ${GATE} }`, "{}"));
    course.processes = await listProcesses(stage);
  }
}
