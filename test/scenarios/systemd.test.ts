import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster, type Cluster } from "../harness/cluster.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { listenAsSystemd, startActivated } from "../harness/systemd.ts";
import { PATHS } from "../../protocol/paths.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster();
});
afterAll(() => cluster.dispose());

test("keyserver takes the admin socket of systemd, says when it can sign, beats, and leaves the socket", async () => {
  const path = join(cluster.folder, "passed.sock");
  using systemd = await listenAsSystemd(join(cluster.folder, "notify"));
  const env = { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "900000" };
  const command = [KEYSERVER, "run", "--root", cluster.root];
  const child = startActivated({ path, name: "admin", env }, command);
  await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(true);
  // A command that comes before keyserver is ready is answered when it is.
  let answer = "";
  const early = connect(path, () => early.write(`GET ${PATHS.readyz} HTTP/1.1\r\nHost: x\r\n\r\n`));
  early.on("data", (part) => {
    answer += String(part);
  });
  await expect.poll(systemd.words, { timeout: 30_000 }).toContain("READY=1|STATUS=ready to sign");
  await expect.poll(() => answer, { timeout: 5000 }).toMatch(/^HTTP\/1.1 200 /);
  expect(systemd.words()[0]).toBe("READY=1|STATUS=ready to sign");
  early.destroy();
  await expect.poll(systemd.words, { timeout: 10_000 }).toContain("WATCHDOG=1");
  expect(existsSync(join(cluster.root, "run/keysystem/admin.sock"))).toBe(false);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(existsSync(path)).toBe(true);
});

test("a keyserver that cannot start says nothing to systemd, and how it ended", async () => {
  using systemd = await listenAsSystemd(join(cluster.folder, "notify-2"));
  const path = join(cluster.folder, "wrong.sock");
  const env = { NOTIFY_SOCKET: systemd.path };
  const child = startActivated({ path, name: "signer", env }, [
    KEYSERVER,
    "run",
    "--root",
    cluster.root,
  ]);
  const said: string[] = [];
  child.stderr?.on("data", (part) => said.push(String(part)));
  const [code] = await once(child, "exit");
  expect(code).not.toBe(0);
  expect(said.join("")).toContain("exactly one must be admin");
  expect(systemd.words()).toEqual([]);
});
