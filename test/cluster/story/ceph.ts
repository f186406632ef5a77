import { CEPH_FILES, CEPH_LINES, MAKE_CEPH } from "../ceph.ts";
import type { Machine } from "../machines.ts";
import { listIssued } from "../nodes.ts";
import { fqdn } from "../site.ts";
import type { Part, Stage } from "../stage.ts";
import { until } from "../until.ts";

/** What serves a certificate on s1: its grant, its port, its file. */
const SERVICES = {
  gateway: { grant: "ceph-rgw", port: 443, file: CEPH_FILES.gateway, renewals: 3 },
  dashboard: { grant: "ceph-dashboard", port: 8443, file: CEPH_FILES.dashboard, renewals: 2 },
} as const;
type Service = (typeof SERVICES)[keyof typeof SERVICES];

/** Anchors on m1, as a client of Ceph has them. */
const ANCHORS = "/root/services.pem";

const { gateway, dashboard } = SERVICES;

/** Debian's Ceph on s1: dashboard and object gateway serve our certificates, and root goes out by one. */
export const cephPart: Part = {
  name: "ceph",
  about: "Ceph on s1: dashboard, object gateway, and the way to its hosts",
  needs: ["install"],
  machines: ["m1", "m2", "w1", "s1"],
  begin: (stage) => ({
    steps: [
      {
        title: "s1: a monitor, a manager, a disk in memory",
        essential: true,
        play: () => makeCeph(stage),
      },
      {
        title: "s1: nothing is asked for the dashboard while its account is not there",
        play: () => seeSkipped(stage),
      },
      {
        title: "the gateway serves our certificate",
        essential: true,
        play: () => startGateway(stage),
      },
      {
        title: "s1: an account that sets the dashboard's certificate and can do no more",
        essential: true,
        play: () => makeAccount(stage),
      },
      {
        title: "the dashboard serves our certificate, of an RSA key",
        essential: true,
        play: () => startDashboard(stage),
      },
      {
        title: "who trusts another authority than services trusts neither",
        play: () => refuseOthers(stage),
      },
      {
        title: "the gateway serves the renewed certificate",
        play: () => renew(stage, gateway),
      },
      {
        title: "the dashboard serves the renewed certificate",
        play: () => renew(stage, dashboard),
      },
      {
        title: "a dashboard that somebody broke has its pair again by keyclient hook test",
        play: () => mendDashboard(stage),
      },
      { title: "s1 reaches m2 as root by its certificate", play: () => reachHost(stage) },
      {
        title: "not with the key alone, and not with both from w1",
        play: () => refuseStolen(stage),
      },
    ],
    closing: [
      { title: "the gateway serves its newest certificate", play: () => see(stage, gateway) },
      { title: "the dashboard serves its newest certificate", play: () => see(stage, dashboard) },
      {
        title: "s1 reaches m2 as root by a certificate that was renewed",
        play: () => reachAgain(stage),
      },
    ],
  }),
};

async function makeCeph(stage: Stage): Promise<void> {
  const s1 = stage.machine("s1");
  await s1.type(MAKE_CEPH, { timeout: 240 });
  await until("a manager, and a disk", async () => {
    const said = JSON.parse(await s1.ok(["ceph", "-s", "--format=json"]));
    return said.mgrmap.available === true && said.osdmap.num_up_osds === 1;
  });
}

async function seeSkipped(stage: Stage): Promise<void> {
  const said = await stage.machine("s1").ok(["keyclient", "status", dashboard.grant]);
  if (!said.includes("skipped") || !said.includes("ceph.client.keysystem.keyring"))
    throw new Error(said);
}

async function startGateway(stage: Stage): Promise<void> {
  const [m1, s1] = [stage.machine("m1"), stage.machine("s1")];
  await m1.type(`keyserver authority export services --pem >${ANCHORS}`);
  const before = await s1.read("/etc/ceph/ceph.conf");
  await s1.write("/etc/ceph/ceph.conf", `${before}${CEPH_LINES.gateway}`);
  await s1.type(CEPH_LINES.unit, { timeout: 120 });
  await answers(m1, gateway, "ListAllMyBucketsResult");
}

async function makeAccount(stage: Stage): Promise<void> {
  const s1 = stage.machine("s1");
  await s1.type(CEPH_LINES.account);
  const keyring = "/etc/ceph/ceph.client.keysystem.keyring";
  const mode = await s1.ok(["stat", "-c", "%a", keyring]);
  if (mode !== "600\n") throw new Error(`${keyring} has mode ${mode}`);
  for (const words of FORBIDDEN) {
    const { code, stderr } = await s1.run(["ceph", "--id", "keysystem", ...words]);
    if (code === 0 || !stderr.includes("EACCES"))
      throw new Error(`ceph ${words.join(" ")}: ended with ${code}\n${stderr}`);
  }
}

const FORBIDDEN = [
  ["-s"],
  ["auth", "ls"],
  ["config-key", "get", "mgr/dashboard/s1/key"],
  ["config-key", "set", "mgr/cephadm/ssh_identity_key", "-i", "/etc/hostname"],
  ["mgr", "module", "disable", "restful"],
  ["mgr", "fail", "s1"],
] as const;

async function startDashboard(stage: Stage): Promise<void> {
  const [m1, s1] = [stage.machine("m1"), stage.machine("s1")];
  await betweenTicks(s1, () => s1.type(CEPH_LINES.dashboard, { timeout: 400 }));
  await answers(m1, dashboard, "<html");
  await seeServed(s1, dashboard);
  const text = await s1.ok(["openssl", "x509", "-noout", "-text", "-in", dashboard.file]);
  if (!text.includes("rsaEncryption") || !text.includes("(3072 bit)")) throw new Error(text);
}

/** m1 asks by the full name, trusting the authority `services` and no other. */
const answers = (m1: Machine, { port }: Service, says: string): Promise<boolean> =>
  until(
    `port ${port} answers m1`,
    async () => {
      const said = await m1.ok(curl(port, ANCHORS));
      if (said.includes(says)) return true;
      throw new Error(said);
    },
    { seconds: 120, every: 2 },
  );

const curl = (port: number, anchors: string): readonly string[] => {
  const limits = ["-sS", "--max-time", "20"];
  return ["curl", ...limits, "--cacert", anchors, `https://${fqdn("s1")}:${port}/`];
};

async function refuseOthers(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.type("keyserver authority export kubernetes --pem >/root/kubernetes.pem");
  for (const { port } of [gateway, dashboard]) {
    const { code, stderr } = await m1.run(curl(port, "/root/kubernetes.pem"));
    // 60: the certificate is not to be trusted (curl(1)).
    if (code !== 60) throw new Error(`port ${port}: curl ended with ${code}\n${stderr}`);
  }
}

async function renew(stage: Stage, service: Service): Promise<void> {
  const [m1, s1] = [stage.machine("m1"), stage.machine("s1")];
  const before = await serialOf(s1, service);
  const began = performance.now();
  await betweenTicks(s1, () => s1.ok(["keyclient", "renew", service.grant], { timeout: 400 }));
  if ((await serialOf(s1, service)) === before) throw new Error(`still ${before} on disk`);
  await seeServed(s1, service);
  await m1.ok(curl(service.port, ANCHORS));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  stage.figure(`${service.grant}: from asking to serving the new one`, `${seconds} s`);
}

const serialOf = (machine: Machine, { file }: Service): Promise<string> =>
  machine.ok(["openssl", "x509", "-noout", "-serial", "-in", file]);

/** What is served is what is on disk; a renewal may be under way. */
async function seeServed(s1: Machine, service: Service): Promise<void> {
  const { port } = service;
  const shown = `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -serial`;
  await until(
    `port ${port} serves what is on disk`,
    async () => {
      const [served, disk] = [await s1.type(shown), await serialOf(s1, service)];
      if (served === disk) return true;
      throw new Error(`${served}is served, ${disk}is on disk`);
    },
    { seconds: 120, every: 2 },
  );
}

/** An EC key ends the module, whoever sets it. */
async function mendDashboard(stage: Stage): Promise<void> {
  const s1 = stage.machine("s1");
  await s1.type(BREAK, { timeout: 120 });
  await until("the module has failed", async () => {
    const health = await s1.ok(["ceph", "health", "detail"]);
    return health.includes("Only RSA keys");
  });
  await s1.run(["keyclient", "hook", "test", dashboard.grant], { timeout: 300 });
  await seeServed(s1, dashboard);
}

const BREAK = `cd /root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=x -keyout ec.key -out ec.crt
ceph config-key set mgr/dashboard/s1/crt -i ec.crt
ceph config-key set mgr/dashboard/s1/key -i ec.key
ceph mgr fail s1
`;

async function reachHost(stage: Stage): Promise<void> {
  const s1 = stage.machine("s1");
  await s1.write("/etc/keysystem/recipes/cephadm-ssh.yaml", CEPH_LINES.sshRecipe);
  const said = await betweenTicks(s1, () => s1.type(CEPH_LINES.ssh, { timeout: 300 }));
  if (!said.endsWith("m2\n")) throw new Error(said);
}

async function refuseStolen(stage: Stage): Promise<void> {
  const [s1, w1] = [stage.machine("s1"), stage.machine("w1")];
  const { sshKey, sshCertificate } = CEPH_FILES;
  const target = `root@${fqdn("m2")}`;
  const ssh = (key: string): readonly string[] => {
    const trust = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    return ["ssh", ...trust.flatMap((word) => ["-o", word]), "-i", key, target, "true"];
  };
  await s1.type(`cp ${sshKey} /root/bare`);
  const bare = await s1.run(ssh("/root/bare"));
  const key = await s1.read(sshKey);
  await w1.write("/root/stolen", key, { mode: "0600" });
  await w1.write("/root/stolen-cert.pub", await s1.read(sshCertificate));
  const stolen = await w1.run(ssh("/root/stolen"));
  await w1.type("rm /root/stolen /root/stolen-cert.pub");
  for (const { code, stderr } of [bare, stolen]) {
    if (code === 0 || !stderr.includes("Permission denied")) throw new Error(`${code}\n${stderr}`);
  }
  const journal = await stage.machine("m2").journal("ssh", 50);
  if (!journal.includes("not from a permitted source address"))
    throw new Error(`m2 refuses for another reason:\n${journal}`);
}

async function see(stage: Stage, service: Service): Promise<void> {
  const [m1, s1] = [stage.machine("m1"), stage.machine("s1")];
  const { grant, renewals } = service;
  await until(
    `${renewals} renewals`,
    async () => {
      const issued = await listIssued(m1, "s1", grant);
      if (issued.length > renewals) return true;
      throw new Error(`${issued.length} certificates so far`);
    },
    { seconds: 900, every: 5 },
  );
  await seeServed(s1, service);
  await m1.ok(curl(service.port, ANCHORS));
}

async function reachAgain(stage: Stage): Promise<void> {
  const [m1, s1] = [stage.machine("m1"), stage.machine("s1")];
  await until("a renewal", async () => (await listIssued(m1, "s1", "cephadm-ssh")).length > 1, {
    seconds: 400,
    every: 5,
  });
  const said = await betweenTicks(s1, () => s1.type(CEPH_LINES.ssh, { timeout: 300 }));
  if (!said.endsWith("m2\n")) throw new Error(said);
}

/** The timer is at work every five seconds, and of two keyclients one gives way. */
async function betweenTicks<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
  await machine.ok(["systemctl", "stop", "keyclient.timer"]);
  try {
    await until(
      "the last tick is over",
      async () => {
        const { stdout } = await machine.run(["systemctl", "is-active", "keyclient"]);
        return stdout !== "activating\n" && stdout !== "active\n";
      },
      { seconds: 300 },
    );
    return await work();
  } finally {
    await machine.ok(["systemctl", "start", "keyclient.timer"]);
  }
}
