import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatPem, parsePem } from "../../keys/formats/pem.ts";
import type { Expected } from "../harness/example-policy.ts";
import { createLeafMaker, type LeafMaker, type LeafWish } from "../harness/leaf-maker.ts";
import { judgeTls } from "../harness/tls-judges.ts";

/** The judges can say no: each bad leaf under a good chain is caught by at least one of them. */

let folder: string;
let maker: LeafMaker;
let constrained: LeafMaker;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bad-leaves-"));
  maker = await createLeafMaker(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WANTED = {
  kind: "tls",
  authority: "test",
  cn: "web",
  usage: ["server"],
  dns: ["web.demo.test"],
  days: 30,
} as const satisfies Expected;

/** Judged as if it were to be valid as long as openssl makes it: it knows neither our backdating nor our last second. */
async function complaintsOf(pem: string, anchor = maker.anchor): Promise<readonly string[]> {
  const complaints = await judgeTls(pem, anchor, WANTED);
  return complaints.filter(
    (complaint) => complaint !== `validity is ${30 * 86_400 + 1}, not 2592300`,
  );
}

test("a good leaf is not complained of", async () => {
  expect(await complaintsOf(await maker.make({}))).toEqual([]);
});

test.each<readonly [string, LeafWish, RegExp]>([
  ["a serial of 21 octets", { serial: `0x7f${"00".repeat(20)}` }, /octets of the serial/],
  ["KeyUsage that is not critical", { extensions: { keyUsage: "digitalSignature" } }, /critical/],
  ["no subjectAltName", { extensions: { subjectAltName: "" } }, /subjectAltName/],
  ["a name more", { extensions: { subjectAltName: "DNS:web.demo.test,DNS:x.test" } }, /subjectAlt/],
  ["another name", { extensions: { subjectAltName: "DNS:other.demo.test" } }, /verify_hostname/],
  ["keyCertSign", { extensions: { keyUsage: "critical,keyCertSign" } }, /keyUsage for signing/],
  ["CA:TRUE", { extensions: { basicConstraints: "critical,CA:TRUE" } }, /^cA is true/m],
  ["no basicConstraints", { extensions: { basicConstraints: "" } }, /cA is "absent"/],
  ["an empty subject", { subject: "/" }, /subject is/],
  ["a subject more", { subject: "/O=system:masters/CN=web" }, /subject is/],
  ["the wrong purpose", { extensions: { extendedKeyUsage: "clientAuth" } }, /purpose sslserver/],
  ["a purpose more", { extensions: { extendedKeyUsage: "serverAuth,clientAuth" } }, /usages is 2/],
  ["any purpose", { extensions: { extendedKeyUsage: "anyExtendedKeyUsage" } }, /extKeyUsage/],
  ["a day too much", { days: 31 }, /validity/],
])("%s is caught", async (_, wish, want) => {
  expect((await complaintsOf(await maker.make(wish))).join("\n")).toMatch(want);
});

test("a name that the authority may not give is caught", async () => {
  constrained = await createLeafMaker(folder, "permitted;DNS:other.test");
  const complaints = await complaintsOf(await constrained.make({}), constrained.anchor);
  expect(complaints.join("\n")).toMatch(/permitted subtree violation/);
});

test("a changed bit in the signature, and another authority of the same name, are caught", async () => {
  const pem = await maker.make({});
  const der = Buffer.from(parsePem("CERTIFICATE", pem));
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
  const broken = await complaintsOf(formatPem("CERTIFICATE", der));
  expect(broken.join("\n")).toMatch(/signature is false/);
  const other = await createLeafMaker(mkdtempSync(join(folder, "other-")));
  expect((await complaintsOf(pem, other.anchor)).join("\n")).toMatch(/signature is false/);
});
