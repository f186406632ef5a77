import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { createFakeClock } from "../harness/clock.ts";
import { type Cluster, createCluster, startCluster } from "../harness/cluster.ts";
import { run, runOk } from "../harness/command.ts";
import {
  askCertificates,
  askHttps,
  type Identity,
  joinByHand,
  keptConnection,
  makeRequest,
  nodesAnchor,
} from "../harness/test-node.ts";

let cluster: Cluster;
let folder: string;
let identity: Identity;

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "identity-"));
  identity = await joinByHand(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = async (used?: Identity, from?: string): Promise<string> => {
  const asking = { ...(used && { identity: used }), ...(from !== undefined && { from }) };
  const { status, code } = await askHttps(cluster, PATHS.grants, asking);
  return status === 200 ? "ok" : code;
};

async function renew(used: Identity): Promise<Identity> {
  const { key, csr } = makeRequest();
  const [result] = await askCertificates(cluster, [{ grant: "node-identity", csr }], {
    identity: used,
  });
  if (result === undefined || "problem" in result) throw new Error(JSON.stringify(result));
  return { key, certificate: result.certificate };
}

test("the identity that the node was given is accepted, and nothing at all is not", async () => {
  expect(await codeOf(identity)).toBe("ok");
  expect(await codeOf()).toBe("auth.required");
});

test("37: a forged authority with the same name, with and without the same key identifier", async () => {
  const { subject, issuer, serialNumber } = new X509Certificate(identity.certificate);
  const anchor = new X509Certificate(nodesAnchor(cluster));
  const name = `/${anchor.subject.replaceAll("\n", "/")}`;
  const shown = ["x509", "-noout", "-ext", "subjectKeyIdentifier", "-in", anchorFile()];
  const [keyId = ""] = /[0-9A-F]{2}(?::[0-9A-F]{2})+/.exec(await runOk("openssl", shown)) ?? [];
  for (const identifiers of ["none", keyId.replaceAll(":", "")]) {
    const forged = await forge(name, { subject, keyId: identifiers, serial: serialNumber });
    expect(new X509Certificate(forged.certificate).issuer).toBe(issuer);
    expect(await codeOf(forged)).toBe("auth.certificate");
  }
});

const anchorFile = (): string => {
  const file = join(folder, "anchor.pem");
  writeFileSync(file, nodesAnchor(cluster));
  return file;
};

/** A leaf of a CA made with openssl, with the serial of the real one; `keyId` is the identifier that the CA claims. */
async function forge(
  issuer: string,
  claim: { readonly subject: string; readonly keyId: string; readonly serial: string },
): Promise<Identity> {
  const { subject, keyId, serial } = claim;
  const at = (name: string): string => join(folder, name);
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ca = ["-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", issuer];
  const claimed = [
    "-addext",
    `subjectKeyIdentifier=${keyId}`,
    "-addext",
    "keyUsage=critical,keyCertSign",
  ];
  await runOk("openssl", ["req", "-x509", ...fresh, ...ca, "-days", "30", ...claimed]);
  const leaf = ["-keyout", at("leaf.key"), "-out", at("leaf.csr"), "-subj", `/${subject}`];
  await runOk("openssl", ["req", ...fresh, ...leaf]);
  writeFileSync(
    at("leaf.ext"),
    "extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n",
  );
  const sign = [
    "-CA",
    at("ca.pem"),
    "-CAkey",
    at("ca.key"),
    "-set_serial",
    `0x${serial}`,
    "-days",
    "5",
  ];
  const out = ["-extfile", at("leaf.ext"), "-out", at("leaf.pem")];
  await runOk("openssl", ["x509", "-req", "-in", at("leaf.csr"), ...sign, ...out]);
  return {
    key: readFileSync(at("leaf.key"), "utf8"),
    certificate: readFileSync(at("leaf.pem"), "utf8"),
  };
}

test("37: a certificate of another of our own authorities is no identity", async () => {
  const { key, csr } = makeRequest();
  const [result] = await askCertificates(cluster, [{ grant: "web", csr }], { identity });
  if (result === undefined || "problem" in result) throw new Error("web was refused");
  expect(await codeOf({ key, certificate: result.certificate })).toBe("auth.certificate");
});

test("37: keyserver's own certificate, of the same authority, is no identity", async () => {
  const tls = join(cluster.root, "var/lib/keysystem/tls");
  const own = {
    key: readFileSync(join(tls, "server.key"), "utf8"),
    certificate: readFileSync(join(tls, "server.crt"), "utf8"),
  };
  expect(await codeOf(own)).toBe("auth.certificate");
});

test("39: an identity counts only from its node's address", async () => {
  expect(await codeOf(identity, "127.0.0.2")).toBe("auth.address");
  const other = await joinByHand(cluster, "w1", "127.0.0.2");
  expect(await codeOf(other)).toBe("auth.address");
  expect(await codeOf(other, "127.0.0.2")).toBe("ok");
});

test("39: renewal keeps the old identity until the new one was used, and not a moment longer", async () => {
  const before = await joinByHand(cluster, "m1");
  expect(await codeOf(before)).toBe("ok");
  const lost = await renew(before);
  // The answer to the first renewal is lost: the node still has only the old one, and goes on with it.
  const after = await renew(before);
  expect(await codeOf(after)).toBe("ok");
  expect(await codeOf(before)).toBe("auth.superseded");
  expect(await codeOf(lost)).toBe("auth.superseded");
  identity = after;
});

test("38: a suspended node is refused on a connection that was open before", async () => {
  const agent = keptConnection();
  try {
    const asking = { identity, agent };
    expect((await askHttps(cluster, PATHS.grants, asking)).status).toBe(200);
    expect((await cluster.keyserver(["node", "suspend", "m1"])).code).toBe(0);
    expect((await askHttps(cluster, PATHS.grants, asking)).code).toBe("auth.suspended");
    expect((await cluster.keyserver(["node", "resume", "m1"])).code).toBe(0);
    expect((await askHttps(cluster, PATHS.grants, asking)).status).toBe(200);
  } finally {
    agent.destroy();
  }
});

test("38: no session is ever resumed, and nothing older than TLS 1.3 is spoken", async () => {
  const session = join(folder, "session");
  const connect = (...more: readonly string[]): readonly string[] => [
    "s_client",
    "-connect",
    cluster.address,
    "-CAfile",
    anchorFile(),
    ...more,
  ];
  const ask = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  await runOk("openssl", connect("-sess_out", session, "-ign_eof"), { stdin: ask });
  const again = await run("openssl", connect("-sess_in", session, "-ign_eof"), { stdin: ask });
  expect(again.stdout).not.toContain("Reused");
  await expect(runOk("openssl", connect("-tls1_2"), { stdin: ask })).rejects.toThrow(
    /alert protocol version/,
  );
});

test("38: an identity that ends on an open connection is refused from then on", async () => {
  const clock = createFakeClock(join(folder, "clock"));
  await using timed = await createCluster();
  await timed.start(clock.env);
  const mortal = await joinByHand(timed, "m1");
  const agent = keptConnection();
  try {
    const asking = { identity: mortal, agent };
    expect((await askHttps(timed, PATHS.grants, asking)).status).toBe(200);
    clock.set("+41d");
    const refused = await askHttps(timed, PATHS.grants, asking);
    expect([refused.status, refused.code]).toEqual([401, "auth.expired"]);
    clock.set("+0");
    expect((await askHttps(timed, PATHS.grants, asking)).status).toBe(200);
  } finally {
    agent.destroy();
  }
});
