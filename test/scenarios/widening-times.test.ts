import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../harness/clock.ts";
import { showSshCertificate } from "../harness/certificate-content.ts";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { sshKey } from "../harness/hostile-request.ts";
import { askCertificates, joinByHand, makeRequest } from "../harness/test-node.ts";

/** Case 25: validity is exact to the second, whatever the day. */

let cluster: Cluster;
let clock: FakeClock;
let sshLine: string;

beforeAll(async () => {
  cluster = await createCluster();
  clock = createFakeClock(join(cluster.folder, "clock"));
  await cluster.start(clock.env);
  sshLine = await sshKey(cluster.folder, "host", ["-t", "ed25519"]);
});
afterAll(async () => {
  await cluster.dispose();
});

/** Seconds by which every certificate begins before it is issued. */
const BACKDATE = 300;
const DAY = 86_400;

const seconds = (text: string): number => Date.parse(text) / 1000;

/** Moves the servers' clock to a moment; it never goes back (the signer would not sign). */
function moveTo(moment: string): void {
  const offset = Math.round(Date.parse(moment) / 1000 - Date.now() / 1000);
  clock.set(`+${offset}`);
}

test.each([
  // an ordinary day; the end of a year; leap days of two leap years; the hours that summer time moves
  ["2027-06-15T11:59:30Z"],
  ["2027-12-31T23:59:58Z"],
  ["2028-02-28T23:59:57Z"],
  ["2028-02-29T12:00:00Z"],
  ["2029-03-25T00:59:59Z"],
  ["2032-02-29T00:00:00Z"],
])(
  "at %s TLS and SSH certificates are good for their lifetime and not a second more",
  async (moment) => {
    moveTo(moment);
    const identity = await joinByHand(cluster, "m1");
    for (const lifetime of [1, 60, 3600, DAY, 30 * DAY]) {
      const { csr } = makeRequest();
      const asked = [
        { grant: "web", csr, lifetime },
        { grant: "ssh-host", publicKey: sshLine, lifetime },
      ];
      const [tls, ssh] = await askCertificates(cluster, asked, { identity });
      if (tls === undefined || ssh === undefined || "problem" in tls || "problem" in ssh) {
        throw new Error(JSON.stringify([tls, ssh]));
      }
      const { validFromDate, validToDate } = new X509Certificate(tls.certificate);
      const [from, to] = [validFromDate.getTime() / 1000, validToDate.getTime() / 1000];
      // RFC 5280 §4.1.2.5: both ends are inside the validity.
      expect(to - from + 1).toBe(BACKDATE + lifetime);
      expect(Math.abs(from + BACKDATE - seconds(moment))).toBeLessThan(30);
      expect([seconds(tls.notBefore), seconds(tls.notAfter)]).toEqual([from, to]);

      // PROTOCOL.certkeys: valid_before is the first second outside.
      const shown = await showSshCertificate(ssh.certificate);
      const [after, before] = [seconds(`${shown.validFrom}Z`), seconds(`${shown.validTo}Z`)];
      expect(before - after).toBe(BACKDATE + lifetime);
      expect([seconds(ssh.notBefore), seconds(ssh.notAfter)]).toEqual([after, before - 1]);
    }
  },
);
