import { makeKey, formatKey, requestFor } from "../../../client/credential/make-key.ts";
import { parseCertificatePem } from "../../../keys/formats/certificate.ts";
import type { AgentDeps } from "../../../client/agent/agent.ts";
import { runCycle, type CycleOptions } from "../../../client/agent/cycle.ts";
import type { CycleReport } from "../../../client/agent/report.ts";
import { pathsUnder } from "../../../client/agent/paths.ts";
import { readState, writeState, writeTrust, type State } from "../../../client/agent/state.ts";
import { openWorkshop } from "../../../client/agent/workshop.ts";
import { formatTime } from "../../../client/terminal/duration.ts";
import { makeKeyserver, type FakeKeyserver } from "./fake-keyserver.ts";
import { diskAt, makeRoot, OWN, put } from "./scratch.ts";

export const DAY = 86_400_000;
export const MINUTE = 60_000;

/** A node that has joined and has only its identity, with a clock that tests move. */
export type JoinedNode = {
  readonly root: string;
  readonly deps: AgentDeps;
  readonly keyserver: FakeKeyserver;
  readonly clock: { at: number };
  readonly run: (options?: Partial<CycleOptions>) => Promise<CycleReport>;
  readonly state: () => State;
};

const NONE = { asked: new Set<string>(), only: false };

/** Makes one with recipes for web, api and ssh-host. */
export async function makeNode(): Promise<JoinedNode> {
  const root = makeRoot();
  const clock = { at: Date.parse("2026-06-01T12:00:00Z") };
  const now = (): number => clock.at;
  const keyserver = await makeKeyserver(now);
  const deps: AgentDeps = {
    paths: pathsUnder(root),
    disk: diskAt(root),
    gid: OWN.gid,
    shipped: "/nowhere",
    now,
    random: () => 0,
    connect: () => keyserver.transport,
  };
  for (const grant of ["web", "api"]) {
    const files = `{ key: /etc/${grant}/key, certificate: /etc/${grant}/crt }`;
    put(root, `etc/keysystem/recipes/${grant}.yaml`, `grant: ${grant}\nfiles: ${files}\n`);
  }
  const ssh =
    "{ key: /etc/ssh/host, public: /etc/ssh/host.pub, certificate: /etc/ssh/host-cert.pub }";
  put(root, "etc/keysystem/recipes/ssh.yaml", `grant: ssh-host\nform: ssh\nfiles: ${ssh}\n`);
  settleIdentity(root, deps, keyserver, clock.at);
  const state = (): State => {
    const read = readState(deps.disk);
    if (read === undefined) throw new TypeError("no state");
    return read;
  };
  const run = (options: Partial<CycleOptions> = {}) =>
    runCycle(deps, openWorkshop(deps), { ...NONE, ...options });
  return { root, deps, keyserver, clock, run, state };
}

function settleIdentity(root: string, deps: AgentDeps, keyserver: FakeKeyserver, at: number): void {
  const key = makeKey("ecdsa-p256");
  const times = { notBefore: at / 1000 - 300, notAfter: at / 1000 + 40 * 86_400 };
  const { certificate, serial } = keyserver.signIdentity(requestFor(key), {
    cn: "identity",
    usage: ["client"],
    ...times,
  });
  put(
    root,
    "etc/keysystem/client.yaml",
    `cluster: c\nnode: w1\nservers: [m1]\npin: sha256:${"0".repeat(64)}\n`,
  );
  put(root, "var/lib/keyclient/identity/key.pem", formatKey(key), 0o600);
  put(root, "var/lib/keyclient/identity/certificate.pem", certificate);
  writeTrust(deps.disk, OWN.gid, {
    cluster: "c",
    domain: "example",
    authorities: [{ name: "nodes", kind: "tls", anchors: [keyserver.anchors.nodes] }],
  });
  const time = formatTime(at);
  const record = {
    grant: "identity",
    authority: "nodes",
    serial,
    notBefore: time,
    notAfter: formatTime(times.notAfter * 1000),
    issued: time,
    renewAfter: formatTime(at + 26 * DAY),
    renewBefore: formatTime(at + 30 * DAY),
    certificate: parseCertificatePem(certificate).der.toString("base64"),
    reload: "done" as const,
    answered: false,
  };
  writeState(deps.disk, OWN.gid, {
    schema: 1,
    cluster: "c",
    node: "w1",
    identity: "identity",
    joined: time,
    wake: time,
    written: time,
    exit: 0,
    stamps: [],
    offers: [],
    refused: [],
    credentials: { identity: record },
    setbacks: {},
  });
}
