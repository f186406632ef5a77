import { hash, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { run, type Outcome } from "../harness/command.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { freePort } from "../harness/port.ts";
import { startDaemon, type Daemon } from "../harness/process.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { askCertificates, joinByHand, makeRequest, nodesAnchor } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";

/** m1 of the example policy, which runs the Kubernetes API and etcd. */
const MASTER = "127.0.1.11";
const AUTHORITIES = "var/lib/keysigner/authorities";
const BIN = join(CHECKOUT, "client/bin");
/** The program itself. */
export const KEYREQ = join(BIN, "keyreq");

/** A keyserver with KDC and directory, a member of etcd that wants certificates, and what kubectl takes for the API. */
export type UseSite = AsyncDisposable & {
  readonly people: PeopleCluster;
  readonly api: FakeApi;
  /** `https://localhost:PORT`. */
  readonly etcd: string;
  /** A home in which `keyreq setup` ran, of somebody with a ticket. */
  readonly home: (principal: string) => Promise<Home>;
};

/** One person's home and ticket. */
export type Home = {
  readonly folder: string;
  readonly environment: Record<string, string>;
  readonly keyreq: (args: readonly string[], more?: RunOptions) => Promise<Outcome>;
  readonly run: (file: string, args: readonly string[], more?: RunOptions) => Promise<Outcome>;
};

/** What a run adds. */
export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
};

/** Enough of the Kubernetes API for `kubectl get ns`, for whoever shows a certificate of authority `kubernetes`. */
export type FakeApi = {
  readonly url: string;
  /** Subjects of the certificates that were shown, one for each request. */
  readonly seen: string[];
  /** Answers 401 so many more times. */
  refusals: number;
};

/** Starts everything. */
export async function startUseSite(): Promise<UseSite> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "keyreq-use-"));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const people = cleanup.use(await startPeopleCluster());
  const issue = await createMaster(people);
  const anchors = (authority: string): string =>
    readFileSync(join(people.cluster.root, AUTHORITIES, `${authority}.crt`), "utf8");
  const { server, api } = await startApi(await issue("kube-apiserver"), anchors("kubernetes"));
  cleanup.defer(() => void server.close());
  const etcd = await startEtcd(folder, {
    server: await issue("etcd-server"),
    peer: await issue("etcd-peer"),
    anchors,
  });
  cleanup.defer(async () => void (await etcd.daemon.kill()));
  const owned = cleanup.move();
  const pinned = hash("sha256", spkiOf(nodesAnchor(people.cluster)));
  const setup = ["setup", people.url, "--pin", `sha256:${pinned}`, "--yes"];
  const urls = ["--kubernetes", api.url, "--etcd", etcd.url];
  return {
    people,
    api,
    etcd: etcd.url,
    home: (principal) => makeHome(people, principal, [...setup, ...urls]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const spkiOf = (pem: string): Buffer =>
  new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });

type Pair = { readonly certificate: string; readonly key: string };

/** Joins m1; gives what makes a certificate of one of its grants. */
async function createMaster({ cluster }: PeopleCluster): Promise<(grant: string) => Promise<Pair>> {
  const identity = await joinByHand(cluster, "m1", MASTER);
  return async (grant) => {
    const { key, csr } = makeRequest();
    const [issued] = await askCertificates(cluster, [{ grant, csr }], { identity, from: MASTER });
    if (issued === undefined || "problem" in issued) throw new Error(JSON.stringify(issued));
    return { certificate: issued.certificate, key };
  };
}

const API: Readonly<Record<string, object>> = {
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [] },
  "/api/v1": {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: [
      {
        name: "namespaces",
        shortNames: ["ns"],
        singularName: "namespace",
        namespaced: false,
        kind: "Namespace",
        verbs: ["get", "list"],
      },
    ],
  },
  "/api/v1/namespaces": {
    kind: "NamespaceList",
    apiVersion: "v1",
    metadata: {},
    items: [{ metadata: { name: "hello" }, status: { phase: "Active" } }],
  },
};

async function startApi(
  { certificate, key }: Pair,
  ca: string,
): Promise<{ readonly api: FakeApi; readonly server: Server }> {
  const port = await freePort(MASTER);
  const api: FakeApi = { url: `https://${MASTER}:${port}`, seen: [], refusals: 0 };
  const tls = { cert: certificate, key, ca, requestCert: true, rejectUnauthorized: false };
  const server = createServer(tls, ({ url = "", socket }, response) => {
    const isShown = socket instanceof TLSSocket && socket.authorized;
    const answer = API[new URL(url, "https://api").pathname];
    if (isShown) api.seen.push(String(socket.getPeerCertificate().subject.CN));
    if (!isShown || api.refusals > 0) {
      api.refusals -= isShown ? 1 : 0;
      response.writeHead(401, JSON_TYPE);
      response.end(
        JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: 401 }),
      );
    } else {
      response.writeHead(answer === undefined ? 404 : 200, JSON_TYPE);
      response.end(JSON.stringify(answer ?? {}));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(port, MASTER, resolve);
  });
  return { api, server };
}

const JSON_TYPE = { "content-type": "application/json" };

type EtcdFiles = {
  readonly server: Pair;
  readonly peer: Pair;
  readonly anchors: (authority: string) => string;
};

/** A real member that lets in whoever shows a certificate of authority `etcd-client`. */
async function startEtcd(
  folder: string,
  { server, peer, anchors }: EtcdFiles,
): Promise<{ readonly daemon: Daemon; readonly url: string }> {
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const url = `https://localhost:${await freePort()}`;
  const listen = url.replace("localhost", "127.0.0.1");
  const peers = `https://127.0.0.1:${await freePort()}`;
  const flags = {
    name: "m1",
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": listen,
    "advertise-client-urls": url,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `m1=${peers}`,
    "cert-file": file("server.crt", server.certificate),
    "key-file": file("server.key", server.key),
    "trusted-ca-file": file("client-ca.crt", anchors("etcd-client")),
    "peer-cert-file": file("peer.crt", peer.certificate),
    "peer-key-file": file("peer.key", peer.key),
    "peer-trusted-ca-file": file("peer-ca.crt", anchors("etcd-peer")),
    logger: "zap",
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const more = ["--client-cert-auth", "--peer-client-cert-auth", "--unsafe-no-fsync"];
  const daemon = startDaemon("etcd", [...args, ...more], { log: join(folder, "etcd.log") });
  await waitFor("etcd ready", async () => {
    if (daemon.hasEnded()) throw new Error(daemon.output());
    return Promise.resolve(daemon.output().includes("serving client traffic securely"));
  });
  return { daemon, url };
}

async function makeHome(
  people: PeopleCluster,
  principal: string,
  setup: readonly string[],
): Promise<Home> {
  const folder = mkdtempSync(join(people.cluster.folder, "home-"));
  mkdirSync(join(folder, ".ssh"), { mode: 0o700 });
  const environment: Record<string, string> = {
    HOME: folder,
    PATH: `${BIN}:${process.env["PATH"] ?? ""}`,
    ...(await people.person(principal)).environment,
  };
  const start: Home["run"] = (file, args, { env = {}, ...more } = {}) =>
    run(file, args, { env: { ...environment, ...env }, timeout: 60, ...more });
  const keyreq: Home["keyreq"] = (args, more) => start(KEYREQ, args, more);
  const { code, stdout, stderr } = await keyreq(setup);
  if (code !== 0) throw new Error(`keyreq setup ended with ${code}\n${stdout}${stderr}`);
  return { folder, environment, keyreq, run: start };
}
