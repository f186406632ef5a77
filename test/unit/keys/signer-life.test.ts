import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectSigner, type SignerClient } from "../../../keys/signer/client.ts";
import { formatFrame } from "../../../keys/signer/frame.ts";
import type { SignRequest } from "../../../keys/signer/messages.ts";
import {
  ask,
  makeRoot,
  startSigner,
  type SignerProcess,
  type SignerRoot,
} from "./signer-process.ts";
import { codeOf, now, request } from "./wire-fixtures.ts";

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

describe("start and end", () => {
  test("a second signer does not take the socket of a running one", async () => {
    const second = startSigner(place.root);
    expect(await second.ended).toBe(1);
    expect(second.log()).toContain("another signer answers");
    expect(await sign(request("m1", "kubelet"))).toEqual(["issued"]);
  });

  test("a socket that a killed signer left is replaced, and the client finds the new one", async () => {
    signer.child.kill("SIGKILL");
    await signer.ended;
    expect(statSync(place.socket).isSocket()).toBe(true);
    await expect(client.status()).rejects.toMatchObject({ code: "signer.unavailable" });
    signer = startSigner(place.root);
    await signer.ready;
    await expect
      .poll(() => sign(request("m1", "kubelet")).catch(String), { timeout: 5000 })
      .toEqual(["issued"]);
  });

  test("SIGTERM ends it with 0 and removes the socket", async () => {
    const path = join(place.root, "other.sock");
    const other = startSigner(place.root, "--socket", path);
    await other.ready;
    expect(await ask(path, { id: 3, op: "status" })).toMatchObject({
      id: 3,
      policy: place.policyHash,
    });
    other.child.kill("SIGTERM");
    expect(await other.ended).toBe(0);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test.runIf(process.getuid?.() === 0)("started by root it becomes its user for good", async () => {
    const file = join(place.root, "etc/keysystem/signer.yaml");
    const good = readFileSync(file, "utf8");
    writeFileSync(file, `${good}user: "65534:65534"\n`);
    chmodSync(place.root, 0o711);
    const folder = join(place.root, "run/nobody");
    mkdirSync(folder);
    chownSync(folder, 65_534, 65_534);
    const path = join(folder, "signer.sock");
    const other = startSigner(place.root, "--socket", path);
    await other.ready;
    const status = readFileSync(`/proc/${other.child.pid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Groups:\t65534 $/m);
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
    expect(await ask(path, { id: 1, op: "status" })).toMatchObject({ id: 1, signed: 0 });
    other.child.kill("SIGTERM");
    expect(await other.ended).toBe(0);
    writeFileSync(file, good);
  });

  test("an unknown flag is told, with 2", async () => {
    const wrong = startSigner(place.root, "--policy", "x");
    expect(await wrong.ended).toBe(2);
    expect(wrong.log()).toContain("--policy");
  });

  test.for<readonly [string, string, string, string]>([
    [
      "the wrong sealing secret",
      "etc/keysystem/seal",
      "another secret of some length",
      "does not open this key",
    ],
    ["a short sealing secret", "etc/keysystem/seal", "short", "16 to 1024 bytes"],
    [
      "an unknown key",
      "etc/keysystem/signer.yaml",
      "names: [a]\nseal: { file: /x }\nport: 1\n",
      "signer.yaml:3:1: unknown key",
    ],
    ["a policy that is none", "etc/keysystem/applied/policy.yaml", "{}", "policy.yaml:1:1"],
  ])("%s: told, with 1", async ([, file, text, message]) => {
    const path = join(place.root, file);
    const good = readFileSync(path);
    writeFileSync(path, text);
    const wrong = startSigner(place.root, "--socket", join(place.root, "wrong.sock"));
    expect(await wrong.ended).toBe(1);
    expect(wrong.log()).toContain(message);
    writeFileSync(path, good);
  });
});

describe("a client", () => {
  test("is told that nobody is there, at once", async () => {
    const nobody = connectSigner(join(place.root, "nobody.sock"));
    await expect(nobody.status()).rejects.toMatchObject({ code: "signer.unavailable" });
    await expect(nobody.status()).rejects.toMatchObject({ code: "signer.unavailable" });
    nobody.close();
  });

  test("is not left waiting when the connection breaks", async () => {
    const path = join(place.root, "breaks.sock");
    const server = createServer((socket) => socket.once("data", () => socket.destroy())).listen(
      path,
    );
    const broken = connectSigner(path);
    await expect(broken.status()).rejects.toMatchObject({ code: "signer.unavailable" });
    broken.close();
    server.close();
  });

  test("does not take answers of another kind or to another question", async () => {
    const path = join(place.root, "liar.sock");
    const answers = [
      { id: 1, results: [] },
      { id: 9, policy: "x", signed: 1 },
      { id: 1, surprise: true },
    ];
    const server = createServer((socket) =>
      socket.once("data", () => socket.write(formatFrame(answers.shift()))),
    ).listen(path);
    for (let round = 0; round < 3; round += 1) {
      const deceived = connectSigner(path);
      await expect(deceived.status()).rejects.toMatchObject({ code: "signer.unavailable" });
      deceived.close();
    }
    server.close();
  });
});
