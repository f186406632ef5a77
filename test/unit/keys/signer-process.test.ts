import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCertificate } from "../../../keys/formats/certificate.ts";
import { readProfile } from "../../../keys/formats/certificate-profile.ts";
import { connectSigner, type SignerClient } from "../../../keys/signer/client.ts";
import { formatFrame } from "../../../keys/signer/frame.ts";
import type { SignRequest } from "../../../keys/signer/messages.ts";
import { makeKey } from "./key-fixtures.ts";
import { sshSerial } from "./policy-fixtures.ts";
import {
  exchange,
  makeRoot,
  startSigner,
  type SignerProcess,
  type SignerRoot,
} from "./signer-process.ts";
import { codeOf, now, request, serverRequest, sshRequest } from "./wire-fixtures.ts";

let place: SignerRoot;
let signer: SignerProcess;
let client: SignerClient;
beforeAll(async () => {
  place = await makeRoot(now());
  signer = startSigner(place.root);
  await signer.ready;
  client = connectSigner(place.socket);
});
afterAll(async () => {
  client.close();
  signer.child.kill("SIGKILL");
  await signer.ended;
  place.remove();
});
const sign = async (...batch: readonly SignRequest[]): Promise<readonly string[]> =>
  (await client.sign(place.policyHash, batch)).map(codeOf);

describe("keyserver", () => {
  test("gets certificates, SSH and TLS in one batch, refusals beside them", async () => {
    const batch = [
      request("m1", "etcd-server"),
      request("w1", "etcd-server"),
      sshRequest("w1", "ssh-host"),
    ];
    expect(await sign(...batch)).toEqual(["issued", "policy.not_granted", "issued"]);
  });

  test("gets its own certificate for the configured names", async () => {
    const result = await client.signServer(serverRequest());
    if ("refused" in result) throw new Error(result.detail);
    const profile = readProfile(parseCertificate(Buffer.from(result.certificate, "base64")));
    expect(profile).toMatchObject({
      cn: "keyserver",
      dns: ["localhost"],
      ip: ["127.0.0.1"],
      usage: ["server"],
    });
  });

  test("asks many things at once over one connection", async () => {
    const asks = Array.from({ length: 20 }, () =>
      sign(request("m1", "kubelet"), request("m1", "kube-proxy")),
    );
    expect((await Promise.all(asks)).flat()).toEqual(Array.from({ length: 40 }, () => "issued"));
  });

  test("learns the authorities and nothing secret of them", async () => {
    const all = await client.authorities();
    expect(all.map(({ name }) => name)).toContain("etcd-peer");
    expect(JSON.stringify(all)).not.toContain("PRIVATE");
  });

  test("finds each signature in the signer's record", async () => {
    const wanted = request("m1", "front-proxy");
    expect(await sign(wanted)).toEqual(["issued"]);
    const lines = readFileSync(join(place.root, "var/lib/keysigner/signed.log"), "utf8")
      .trimEnd()
      .split("\n");
    const { signed } = await client.status();
    expect(lines).toHaveLength(signed);
    const last: unknown = JSON.parse(lines.at(-1) ?? "");
    expect(last).toMatchObject({
      serial: wanted.serial,
      subject: "node:m1",
      grant: "front-proxy",
      policy: place.policyHash,
    });
  });
});

describe("a captured keyserver gets nothing", () => {
  const DAY = 86_400;
  const proofless = (wanted: SignRequest): SignRequest => {
    const { proof: _, ...rest } = wanted;
    return rest;
  };

  test.for<readonly [string, () => SignRequest, string]>([
    ["names of another role", () => request("w1", "kube-apiserver"), "policy.not_granted"],
    ["a grant that is not there", () => request("m1", "intermediate"), "policy.unknown_grant"],
    ["a person's grant as a node", () => request("m1", "kube-admin"), "policy.not_granted"],
    ["root by SSH as a node", () => sshRequest("m1", "ssh-root"), "policy.not_granted"],
    [
      "anything as root on the master",
      () => ({ ...request("m1", "node-identity"), subject: { kind: "root" } }),
      "policy.not_granted",
    ],
    ["a node that is not there", () => request("m9", "node-identity"), "policy.unknown_node"],
    [
      "root for a person, whatever groups it makes up",
      () => ({
        ...sshRequest("m1", "ssh-root"),
        subject: { kind: "person", user: "bob", in: ["ldap:root-admins", "ldap:hyades-oncall"] },
        reason: "to look",
        from: "10.9.1.1",
      }),
      "policy.not_granted",
    ],
    [
      "a principal as a fact, to pass for whom the policy knows by it",
      () => ({
        ...sshRequest("m1", "ssh-root"),
        subject: { kind: "person", user: "bob", in: ["kerberos:cela/root@EXAMPLE.EDU"] },
        reason: "to look",
        from: "10.9.1.1",
      }),
      "policy.not_granted",
    ],
    [
      "root's login by the name of a user",
      () => ({
        ...sshRequest("m1", "ssh-login"),
        subject: { kind: "person", user: "root", in: ["ldap:hyades-users", "ldap:active"] },
      }),
      "policy.name_collision",
    ],
    [
      "a person's certificate without the reason that its grant wants",
      () => ({
        ...sshRequest("m1", "ssh-root"),
        subject: { kind: "person", principal: "cela/root@EXAMPLE.EDU", in: [] },
        from: "10.9.1.1",
      }),
      "policy.reason_required",
    ],
    [
      "a person's certificate from another address than its grant allows",
      () => ({
        ...sshRequest("m1", "ssh-root"),
        subject: { kind: "person", principal: "cela/root@EXAMPLE.EDU", in: [] },
        reason: "to look",
        from: "192.0.2.1",
      }),
      "policy.address",
    ],
    [
      "a principal that the person may not choose",
      () => ({
        ...sshRequest("m1", "ssh-oncall"),
        subject: { kind: "person", user: "bob", in: ["ldap:hyades-oncall", "ldap:staff"] },
        choose: ["root"],
        from: "10.9.1.1",
      }),
      "policy.choice",
    ],
    [
      "a longer life",
      () => ({ ...request("m1", "kubelet"), lifetime: 31 * DAY }),
      "policy.lifetime_too_long",
    ],
    ["another time", () => ({ ...request("m1", "kubelet"), at: now() + 3600 }), "signer.refused"],
    [
      "a key that it does not hold",
      () => ({
        ...request("m1", "kubelet"),
        publicKey: makeKey("ecdsa-p256").spki.toString("base64"),
      }),
      "key.not_proven",
    ],
    ["a key without a proof", () => proofless(request("m1", "kubelet")), "signer.refused"],
    [
      "a key without a proof, by a serial of SSH",
      () => ({ ...proofless(request("m1", "kubelet")), serial: sshSerial() }),
      "key.malformed",
    ],
    [
      "a certificate for bytes that are no key",
      () => ({ ...request("m1", "kubelet"), publicKey: "AAAA" }),
      "key.malformed",
    ],
    [
      "a serial of its own making",
      () => ({ ...request("m1", "kubelet"), serial: "00" }),
      "signer.refused",
    ],
  ])("%s", async ([, make, code]) => expect(await sign(make())).toEqual([code]));

  test("the same serial twice, in one batch or in two", async () => {
    const wanted = request("m1", "kubelet");
    expect(await sign(wanted, wanted)).toEqual(["issued", "signer.refused"]);
    expect(await sign(wanted)).toEqual(["signer.refused"]);
  });

  test("under a policy of its own", async () => {
    const results = await client.sign("0".repeat(64), [request("m1", "kubelet")]);
    expect(results.map(codeOf)).toEqual(["signer.refused"]);
  });

  test.for<readonly [string, unknown]>([
    ["an unknown operation", { id: 1, op: "export" }],
    ["sign-ca", { id: 1, op: "sign-ca", request: {} }],
    ["an unknown field", { id: 1, op: "status", verbose: true }],
    ["no operation", { id: 1 }],
    ["a number in place of a request", 7],
    ["null", null],
    ["an empty batch", { id: 1, op: "sign", policy: "", batch: [] }],
    [
      "names in a claim",
      {
        id: 1,
        op: "sign",
        policy: "",
        batch: [{ ...request("m1", "kubelet"), dns: ["evil.example"] }],
      },
    ],
    [
      "CA:TRUE in a claim",
      { id: 1, op: "sign", policy: "", batch: [{ ...request("m1", "kubelet"), ca: true }] },
    ],
    [
      "names for keyserver",
      { id: 1, op: "sign-server", request: { ...serverRequest(), names: ["evil.example"] } },
    ],
    [
      "a subject of another kind",
      {
        id: 1,
        op: "sign",
        policy: "",
        batch: [{ ...request("m1", "kubelet"), subject: { kind: "signer" } }],
      },
    ],
    [
      "a fractional lifetime",
      { id: 1, op: "sign", policy: "", batch: [{ ...request("m1", "kubelet"), lifetime: 0.5 }] },
    ],
    [
      "a negative lifetime",
      { id: 1, op: "sign", policy: "", batch: [{ ...request("m1", "kubelet"), lifetime: -1 }] },
    ],
    ["a prototype", JSON.parse('{"id":1,"op":"status","__proto__":{"x":1}}')],
  ])("%s: an error, and the end", async ([, value]) => {
    const replies = await exchange(
      place.socket,
      Buffer.concat([formatFrame(value), formatFrame({ id: 2, op: "status" })]),
      9,
    );
    expect(replies).toEqual([{ id: 0, error: "not a request of this protocol" }]);
  });

  test.for<readonly [string, Buffer]>([
    ["a frame of 4 GiB", Buffer.from("ffffffff7b7d", "hex")],
    ["a frame of 4 MiB and a byte", Buffer.from("004000017b7d", "hex")],
    ["an empty frame", Buffer.from("000000007b7d", "hex")],
    ["a frame that is not JSON", Buffer.from("000000027b7b", "hex")],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ])("%s: an error, and the end", async ([, bytes]) => {
    const [reply, ...more] = await exchange(place.socket, bytes, 9);
    expect(reply).toMatchObject({ id: 0, error: expect.stringContaining("frame") });
    expect(more).toEqual([]);
  });

  test("a policy that it writes itself, when the file is not one", async () => {
    const good = readFileSync(place.policyFile);
    writeFileSync(place.policyFile, "keysystem: policy/v1\nevil: true\n");
    await expect(client.reload()).rejects.toMatchObject({ code: "configuration.invalid" });
    writeFileSync(place.policyFile, good);
    expect((await client.status()).policy).toBe(place.policyHash);
  });
});

test("after a reload, requests under way may still name the policy before", async () => {
  const good = readFileSync(place.policyFile, "utf8");
  writeFileSync(place.policyFile, `${good}\n# changed\n`);
  const { policy } = await client.reload();
  expect(policy).not.toBe(place.policyHash);
  expect((await client.sign(policy, [request("m1", "kubelet")])).map(codeOf)).toEqual(["issued"]);
  expect(await sign(request("m1", "kubelet"))).toEqual(["issued"]);
  const spent = request("m1", "kubelet");
  expect(await sign(spent)).toEqual(["issued"]);
  expect((await client.sign(policy, [spent])).map(codeOf)).toEqual(["signer.refused"]);
  writeFileSync(place.policyFile, good);
  await client.reload();
});

test("the socket is closed to others, and so is the record", () => {
  expect(statSync(place.socket).mode & 0o007).toBe(0);
  expect(statSync(join(place.root, "var/lib/keysigner/signed.log")).mode & 0o777).toBe(0o600);
});
