import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCluster, formatOutcome, type Cluster } from "../harness/cluster.ts";
import type { Outcome } from "../harness/command.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import {
  readCertificate,
  readSshCertificate,
  shortSerial,
  verifyCertificate,
} from "./certificates.ts";
import { askForTooMuch } from "./refusal.ts";
import type { Step } from "./step.ts";

const NODE = "m1";

/** Where the node keeps what the quickstart looks at, below its root. */
const FILES = {
  certificate: "etc/web/tls.crt",
  anchors: "etc/web/ca.crt",
  ssh: "etc/ssh/ssh_host_ed25519_key-cert.pub",
} as const;

const WEB_RECIPE = `# A TLS server that reads its files at each start: nothing to reload.
grant: web
files: { key: /etc/web/tls.key, certificate: /etc/web/tls.crt }
bundles:
  - { file: /etc/web/ca.crt, authorities: [services] }
`;

/** Makes the authority; what comes after needs it, and it has to be disposed of. */
export function makeAuthority(step: Step): Promise<Cluster> {
  const hint = "read what keyserver says above; init changes nothing but its own folder";
  return step("authority", hint, async () => {
    const cluster = await createCluster();
    return {
      lines: [`nodes, services, ssh-host; keys sealed, below ${cluster.root}`],
      value: cluster,
    };
  });
}

/** The whole road of a node: from the join string to renewed certificates and a refusal. */
export async function walk(cluster: Cluster, step: Step): Promise<void> {
  await step("servers", "keyserver's log above says what is wrong", async () => {
    const { pid } = await cluster.start();
    return { lines: [`keyserver and keysigner on ${cluster.address}, process ${pid}`], value: pid };
  });
  const joinString = await step("admit", "ask: keyserver status", async () => {
    const value = await cluster.admit(NODE);
    return { lines: [`${value.slice(0, 40)}…  (works once, for ${NODE} only)`], value };
  });
  await step(
    "join",
    "keyclient says above what is wrong, the server's side is in the log lines",
    () => joinNode(cluster, joinString),
  );
  const before = await step("certificates", "keyclient says above what was refused", () =>
    checkCertificates(cluster),
  );
  await step("renew", "ask: keyclient status", () => renewAll(cluster, before));
  await step("refusal", "the policy should refuse this: test/quickstart.policy.yaml", () =>
    showRefusal(cluster),
  );
}

async function joinNode(cluster: Cluster, joinString: string) {
  const root = cluster.nodeRoot(NODE);
  const recipes = join(root, "etc/keysystem/recipes");
  for (const folder of [recipes, join(root, "etc/web"), join(root, "etc/ssh")]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  writeFileSync(join(recipes, "web.yaml"), WEB_RECIPE);
  expectCode(EXIT.ok, await cluster.keyclient(NODE, ["join", joinString], { timeout: 60 }));
  return {
    lines: [`${NODE} has an identity, and files by its recipes below ${root}`],
    value: root,
  };
}

type Serials = { readonly tls: string; readonly ssh: string };

async function checkCertificates(cluster: Cluster) {
  const path = (name: keyof typeof FILES): string => join(cluster.nodeRoot(NODE), FILES[name]);
  const verified = await verifyCertificate(path("anchors"), path("certificate"));
  const { subject, serialNumber, validTo } = readCertificate(path("certificate"));
  const ssh = await readSshCertificate(path("ssh"));
  return {
    lines: [
      `openssl verify -x509_strict: ${verified.slice(verified.lastIndexOf("/") + 1)}`,
      `${subject}, until ${validTo}, serial ${shortSerial(serialNumber)}`,
      `ssh-keygen -L: host ${ssh.principals.join(", ")}, until ${ssh.validTo}, serial ${ssh.serial}`,
    ],
    value: { tls: serialNumber, ssh: ssh.serial },
  };
}

async function renewAll(cluster: Cluster, before: Serials) {
  expectCode(EXIT.ok, await cluster.keyclient(NODE, ["renew", "--all"], { timeout: 60 }));
  const { value: after } = await checkCertificates(cluster);
  if (after.tls === before.tls || after.ssh === before.ssh) {
    throw new Error("the serials on disk are the old ones");
  }
  const change = (kind: keyof Serials): string =>
    `${kind} ${shortSerial(before[kind])} → ${shortSerial(after[kind])}`;
  return { lines: [`new serials in place: ${change("tls")}, ${change("ssh")}`], value: after };
}

async function showRefusal(cluster: Cluster) {
  const refusal = await askForTooMuch(cluster, NODE, "registry");
  return { lines: [`${NODE} asked for registry, a worker's:`, refusal], value: undefined };
}

function expectCode(wanted: number, outcome: Outcome): void {
  if (outcome.code !== wanted)
    throw new Error(`wanted exit ${wanted}, got ${formatOutcome(outcome)}`);
}
