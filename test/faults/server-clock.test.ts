import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkLedger } from "../../server/ledger/check.ts";
import { createFakeClock, type FakeClock } from "../harness/clock.ts";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { nodesAnchor } from "../harness/test-node.ts";
import { waitFor } from "../harness/wait.ts";
import { countEvents, ledgerFile, readLedger } from "./authority-state.ts";

let cluster: Cluster;
let clock: FakeClock;

beforeAll(async () => {
  cluster = await createCluster();
  clock = createFakeClock(join(cluster.folder, "clock"));
  await cluster.start(clock.env);
});
afterAll(async () => {
  await cluster.dispose();
});

/** The certificate that keyserver shows; its time is not judged, since this program has another clock. */
function servedCertificate(): Promise<X509Certificate> {
  const [host, port] = cluster.address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw));
    });
    socket.on("error", reject);
  });
}

const DAY = 86_400_000;

/** Has keyserver look at its own certificate now, which it else does once a minute. */
const lookNow = (): boolean => process.kill(cluster.current().pid, "SIGHUP");

test("keyserver's own certificate is renewed at two thirds of its life and served without a restart", async () => {
  const before = await servedCertificate();
  clock.set("+21d");
  lookNow();
  const after = await waitFor("a new certificate", async () => {
    const served = await servedCertificate();
    return served.serialNumber !== before.serialNumber && served;
  });
  expect(after.verify(new X509Certificate(nodesAnchor(cluster)).publicKey)).toBe(true);
  expect(after.subjectAltName).toBe(before.subjectAltName);
  expect(after.publicKey.equals(before.publicKey)).toBe(false);
  expect(Math.round((after.validToDate.getTime() - before.validToDate.getTime()) / DAY)).toBe(21);
  expect(cluster.current().hasEnded()).toBe(false);
  expect(readLedger(cluster).get(after.serialNumber.toLowerCase())).toBe("issued");
  expect(checkLedger(ledgerFile(cluster))).toEqual([]);
});

test("a certificate that is good for long is left alone", async () => {
  const before = await servedCertificate();
  const rows = readLedger(cluster).size;
  const reloads = countEvents(cluster, "policy.reloaded");
  clock.set("+22d");
  lookNow();
  await waitFor("the end of the look", () => countEvents(cluster, "policy.reloaded") > reloads);
  expect((await servedCertificate()).serialNumber).toBe(before.serialNumber);
  expect(readLedger(cluster).size).toBe(rows);
});
