import { X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkLedger } from "../../server/ledger/check.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { run } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { askCertificates, joinByHand, makeRequest } from "../harness/test-node.ts";

/** The fixture with its machines on this one: m1 is 127.0.0.1, the others are 127.0.1.N. */
const SETUP = readFileSync(join(CHECKOUT, "test/fixtures/homeworld.setup.yaml"), "utf8")
  .replace("10.18.60.0/23", "127.0.0.0/8")
  .replace("10.18.60.11", "127.0.0.1")
  .replaceAll("10.18.60.", "127.0.1.");

let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keysystem-import-"));
  cluster = await startCluster({ setup: SETUP });
});
afterAll(async () => {
  await cluster.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const CLIENT = "1.3.6.1.5.5.7.3.2";
const SERVER = "1.3.6.1.5.5.7.3.1";

/** Subject, alternative names and usages as OpenSSL reads them. */
function shown(pem: string): readonly (string | undefined | readonly string[])[] {
  const { subject, subjectAltName, keyUsage } = new X509Certificate(pem);
  return [subject.replaceAll("\n", " "), subjectAltName, keyUsage];
}

describe("a cluster that was Homeworld's", () => {
  test("a master joins and has its certificates where its services look", async () => {
    await cluster.join("m1");
    const read = (file: string) => shown(readFileSync(join(cluster.nodeRoot("m1"), file), "utf8"));
    const own = "DNS:m1.hyades.example.edu, DNS:m1";
    const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    const api = [...service, "kubernetes.default.svc.hyades.local"]
      .map((name) => `DNS:${name}`)
      .join(", ");
    expect(read("etc/kubernetes/pki/apiserver.crt")).toEqual([
      "CN=apiserver:m1",
      `${own}, ${api}, IP Address:127.0.0.1, IP Address:172.28.0.1`,
      [SERVER],
    ]);
    expect(read("etc/kubernetes/pki/apiserver-kubelet-client.crt")).toEqual([
      "CN=apiserver:m1",
      undefined,
      [CLIENT],
    ]);
    expect(read("var/lib/kubelet/pki/kubelet-client.crt")).toEqual([
      "O=system:nodes CN=system:node:m1",
      undefined,
      [CLIENT],
    ]);
    const status = await cluster.keyclient("m1", ["status"]);
    expect(status.stdout).toMatch(/\n(\d+) credentials: \1 ok\n/);
    expect(checkLedger(join(cluster.root, "var/lib/keysystem/ledger.db"))).toEqual([]);
  });

  test("a member of etcd is server and client in one, as its peers know it", async () => {
    const identity = await joinByHand(cluster, "m2", "127.0.1.12");
    const requests = [{ grant: "etcd-server", csr: makeRequest().csr }];
    const [result] = await askCertificates(cluster, requests, { identity, from: "127.0.1.12" });
    expect(result && "certificate" in result && shown(result.certificate)).toEqual([
      "CN=etcd-server-m2",
      "DNS:m2.hyades.example.edu, DNS:m2, IP Address:127.0.1.12",
      [SERVER, CLIENT],
    ]);
  });

  test("a supervisor gets what it had, and nothing of a node that runs pods", async () => {
    const identity = await joinByHand(cluster, "s1", "127.0.1.40");
    const grants = ["kube-supervisor", "registry", "kubelet", "etcd-client", "ssh-root"];
    const requests = grants.map((grant) => ({ grant, csr: makeRequest().csr }));
    const results = await askCertificates(cluster, requests, { identity, from: "127.0.1.40" });
    const outcomes = results.map((result) =>
      "certificate" in result ? shown(result.certificate) : "refused",
    );
    expect(outcomes).toEqual([
      ["O=system:masters CN=supervisor:s1", undefined, [CLIENT]],
      ["CN=homeworld-supervisor-s1", "DNS:homeworld.private", [SERVER, CLIENT]],
      "refused",
      "refused",
      "refused",
    ]);
  });

  test("the policy in force is what policy import prints", async () => {
    const file = join(folder, "setup.yaml");
    writeFileSync(file, SETUP);
    const printed = await run(KEYSERVER, ["policy", "import", file]);
    expect(printed.code).toBe(0);
    expect(printed.stdout).toBe(
      readFileSync(join(cluster.root, "etc/keysystem/applied/policy.yaml"), "utf8"),
    );
    expect(printed.stderr).toContain(
      `${file}:4:3: not taken over: cluster.etcd-token (hyades-2019-11-24)\n`,
    );
    expect(printed.stderr.trimEnd().endsWith(`${file}: 10 entries not taken over`)).toBe(true);
    const written = join(folder, "printed.yaml");
    writeFileSync(written, printed.stdout);
    expect((await run(KEYSERVER, ["policy", "check", "--strict", written])).code).toBe(0);
    expect((await run(KEYSERVER, ["policy", "fmt", "--check", written])).code).toBe(0);
  });

  test("as JSON it is one document", async () => {
    const file = join(folder, "setup.yaml");
    writeFileSync(file, SETUP);
    const args = ["policy", "import", file, "--cluster", "orion", "--json", "--quiet"];
    const { code, stdout, stderr } = await run(KEYSERVER, args);
    const document: unknown = JSON.parse(stdout);
    expect([code, stderr]).toEqual([0, ""]);
    expect(document).toMatchObject({ schema: 1, policy: expect.stringContaining("name: orion") });
    expect(document).toHaveProperty("notTakenOver.0.line", 4);
  });
});

describe("refused, with nothing made", () => {
  const init = (root: string, args: readonly string[]) =>
    run(KEYSERVER, ["init", "--root", root, "--yes", "--listen", "127.0.0.1:1", ...args]);
  const freshRoot = (): string => mkdtempSync(join(folder, "root-"));
  const setupFile = (text: string | Buffer): string => {
    const file = join(mkdtempSync(join(folder, "in-")), "setup.yaml");
    writeFileSync(file, text);
    return file;
  };

  test.each<readonly [string, string | Buffer, number, string]>([
    [
      "a machine of an unknown kind",
      SETUP.replace("kind: worker", "kind: etcd"),
      5,
      ':41:11: error[E201]: unknown value "etcd" for kind',
    ],
    [
      "a machine called ceph",
      SETUP.replace("hostname: w1", "hostname: ceph"),
      5,
      ':39:15: error[E309]: node "ceph" takes the name',
    ],
    ["another file", "keysystem: policy/v1\n", 5, ':1:1: error[E112]: setup.yaml has no "cluster"'],
    ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff]), 2, "is not UTF-8 text"],
    ["an empty file", "", 5, "setup.yaml must be a mapping"],
  ])("%s", async (_, text, code, message) => {
    const [root, file] = [freshRoot(), setupFile(text)];
    for (const outcome of [
      await init(root, ["--import", file]),
      await run(KEYSERVER, ["policy", "import", file]),
    ]) {
      expect([outcome.code, outcome.stdout]).toEqual([code, ""]);
      expect(outcome.stderr).toContain(message);
      expect(outcome.stderr).toContain("keyserver: hint: ");
    }
    expect(readdirSync(root)).toEqual([]);
  });

  test.each<readonly [string, readonly string[], string]>([
    ["a policy beside it", ["--policy", "p.yaml"], "--policy and --import both say"],
    ["a domain beside it", ["--domain", "a.test"], "--domain and --import both say"],
    ["an address beside it", ["--address", "127.0.0.9"], "--address and --import both say"],
    ["a node that it does not name", ["--node", "m9"], '--node "m9" is no hostname of'],
    [
      "a cluster's name that is none",
      ["--cluster", "My Cluster"],
      '--cluster "My Cluster" is malformed',
    ],
  ])("%s", async (_, args, message) => {
    const root = freshRoot();
    const outcome = await init(root, ["--import", setupFile(SETUP), ...args]);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(message);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a file that is not there", async () => {
    const root = freshRoot();
    const outcome = await init(root, ["--import", join(folder, "none.yaml")]);
    expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining("does not exist")]);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a policy that is there already stays as it is", async () => {
    const root = freshRoot();
    mkdirSync(join(root, "etc/keysystem"), { recursive: true });
    writeFileSync(join(root, "etc/keysystem/policy.yaml"), "mine\n");
    const outcome = await init(root, ["--import", setupFile(SETUP)]);
    expect([outcome.code, outcome.stderr]).toEqual([
      2,
      expect.stringContaining("is there already"),
    ]);
    expect(readFileSync(join(root, "etc/keysystem/policy.yaml"), "utf8")).toBe("mine\n");
    expect(existsSync(join(root, "var"))).toBe(false);
  });

  test("a second authority on this machine", async () => {
    const outcome = await init(cluster.root, ["--import", setupFile(SETUP)]);
    expect([outcome.code, outcome.stderr]).toEqual([
      2,
      expect.stringContaining("never overwritten"),
    ]);
  });
});
