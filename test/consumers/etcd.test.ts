import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatOutcome, startCluster, type Cluster } from "../harness/cluster.ts";
import { askOverHttps } from "../harness/https-request.ts";
import { makeRequest } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";
import {
  ETCD_FILES,
  etcdAccount,
  etcdctl,
  startEtcd,
  startWriter,
  type Credentials,
  type Etcd,
} from "./etcd.ts";
import { issueTo } from "./node-identity.ts";
import { canRun } from "./installed-programs.ts";
import { CONSUMER_POLICY } from "./policy.ts";
import { serialIn, servedSerial } from "./served.ts";

const isPossible = canRun(["etcd", "etcdctl", "openssl", "setpriv"]);

let cluster: Cluster;
let etcd: Etcd;

const at = (file: keyof typeof ETCD_FILES): string =>
  join(cluster.nodeRoot("m1"), ETCD_FILES[file]);

const peerCredentials = (): Credentials => ({
  certificate: at("peerCertificate"),
  key: at("peerKey"),
  anchors: at("peerAnchors"),
});

/** A client's own copy, as a program has that loaded its pair when it was started. */
function copyClient(): Credentials {
  const folder = join(cluster.folder, "client");
  mkdirSync(folder, { recursive: true });
  const copy = (file: keyof typeof ETCD_FILES): string => {
    const target = join(folder, file);
    copyFileSync(at(file), target);
    return target;
  };
  return {
    certificate: copy("clientCertificate"),
    key: copy("clientKey"),
    anchors: copy("clientAnchors"),
  };
}

/** Serials on disk, and those that the two ports show. */
async function serials(): Promise<Readonly<Record<"disk" | "served", readonly string[]>>> {
  const disk = [serialIn(at("serverCertificate")), serialIn(at("peerCertificate"))];
  const client = await servedSerial(etcd.client, {
    certificate: at("clientCertificate"),
    key: at("clientKey"),
    anchors: at("clientAnchors"),
  });
  return { disk, served: [client, await servedSerial(etcd.peer, peerCredentials())] };
}

/** Why etcd refused connections, in its own words: etcdctl only says that its time is over. */
const rejections = (log: string): readonly string[] =>
  log.split("\n").filter((line) => line.includes("rejected connection"));

/** A certificate of grant etcd-client, two seconds short, when it is over. */
async function expiredClient(): Promise<Credentials> {
  const folder = join(cluster.folder, "expired");
  mkdirSync(folder, { recursive: true });
  const { key, csr } = makeRequest();
  const asked = { grant: "etcd-client", csr, lifetime: 2 };
  const issued = await issueTo(cluster, "m1", asked);
  writeFileSync(join(folder, "crt"), issued.certificate);
  writeFileSync(join(folder, "key"), key, { mode: 0o600 });
  await waitFor("end of the certificate", () => Date.now() > Date.parse(issued.notAfter) + 1000);
  return {
    certificate: join(folder, "crt"),
    key: join(folder, "key"),
    anchors: at("clientAnchors"),
  };
}

describe.skipIf(!isPossible)("etcd with what the shipped recipes write", () => {
  beforeAll(async () => {
    cluster = await startCluster({
      policy: CONSUMER_POLICY,
      cluster: "hyades",
      domain: "hyades.test",
    });
    await cluster.join("m1");
    etcd = await startEtcd(cluster.folder, cluster.nodeRoot("m1"), copyClient());
  });
  afterAll(async () => {
    await etcd?.daemon.kill();
    await cluster?.dispose();
  });

  test("the files belong to etcd, keys for it alone", async () => {
    const { uid, gid } = await etcdAccount();
    const { uid: own } = statSync(at("clientKey"));
    expect(own).toBe(0);
    for (const file of ["serverKey", "peerKey"] as const) {
      const { mode, ...owner } = statSync(at(file));
      expect({ mode: mode & 0o7777, uid: owner.uid, gid: owner.gid }).toEqual({
        mode: 0o600,
        uid,
        gid,
      });
    }
    for (const file of [
      "serverCertificate",
      "peerCertificate",
      "anchors",
      "peerAnchors",
    ] as const) {
      expect(statSync(at(file)).mode & 0o7777).toBe(0o644);
    }
    expect(statSync(at("clientKey")).mode & 0o7777).toBe(0o600);
  });

  test("all is renewed twice under a client that never stops writing, without a restart", async () => {
    const client = copyClient();
    const writer = startWriter(etcd, client, "counter");
    let before = await serials();
    expect(before.served).toEqual(before.disk);
    for (const round of [1, 2]) {
      const written = writer.written();
      const outcome = await cluster.keyclient("m1", ["renew", "--all"]);
      expect(outcome.code, formatOutcome(outcome)).toBe(0);
      const after = await serials();
      expect(after.served, `round ${round}`).toEqual(after.disk);
      for (const [place, serial] of after.served.entries()) {
        expect(serial).not.toBe(before.served[place]);
      }
      await waitFor("writes with the new certificates", () => writer.written() > written + 3);
      before = after;
    }
    expect(await writer.stop()).toEqual([]);
    const value = await etcdctl(etcd, client, ["get", "counter", "--print-value-only"]);
    expect(value.stdout.trim()).toBe(`${writer.written()}`);
    expect(etcd.daemon.hasEnded()).toBe(false);
  });

  test("the gateway, which shows etcd its own server certificate, goes on working", async () => {
    const { status, body } = await askOverHttps({
      server: etcd.client,
      anchor: readFileSync(at("clientAnchors"), "utf8"),
      identity: {
        certificate: readFileSync(at("clientCertificate"), "utf8"),
        key: readFileSync(at("clientKey"), "utf8"),
      },
      path: "/v3/kv/range",
      body: { key: Buffer.from("counter").toString("base64") },
    });
    expect(body).toContain("count");
    expect(status).toBe(200);
  });

  test.for([
    {
      who: "a certificate of authority etcd-peer",
      why: "unknown authority",
      make: peerCredentials,
    },
    { who: "an expired certificate", why: "expired", make: expiredClient },
  ])("$who is refused", async ({ why, make }) => {
    const credentials = { ...(await make()), anchors: at("clientAnchors") };
    const said = etcd.daemon.output().length;
    const put = ["--command-timeout=3s", "put", "foreign", "1"];
    const { code, stderr } = await etcdctl(etcd, credentials, put);
    expect(code).toBe(1);
    expect(stderr).toContain("Error: context deadline exceeded");
    expect(rejections(etcd.daemon.output().slice(said))).toContainEqual(
      expect.stringContaining(why),
    );
    const { stdout, ...value } = await etcdctl(etcd, copyClient(), ["get", "foreign"]);
    expect({ stdout, code: value.code }).toEqual({ stdout: "", code: 0 });
  });
});
