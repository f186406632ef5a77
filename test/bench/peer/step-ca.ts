import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk } from "../../harness/command.ts";
import { freePort } from "../../harness/port.ts";
import { startDaemon } from "../../harness/process.ts";
import { waitFor } from "../../harness/wait.ts";
import { runPeerLoad, type LoadLine, type PeerTools } from "./tools.ts";

/** What step-ca did: certificates renewed over kept connections, and with a new one each. */
export type PeerResult = { readonly kept: LoadLine; readonly fresh: LoadLine };

/** Runs a fresh step-ca with its default store, as `step ca init` writes it, and loads it with renewals. */
export async function measureStepCa(
  tools: PeerTools,
  time: { readonly seconds: number; readonly warmSeconds: number },
): Promise<PeerResult> {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-peer-"));
  const address = `127.0.0.1:${await freePort()}`;
  try {
    const password = await initStepCa(tools, folder, address);
    const config = join(folder, "config/ca.json");
    const daemon = startDaemon(tools.stepCa, [config, "--password-file", password], {
      log: join(folder, "log"),
      env: environment(folder),
    });
    try {
      await waitFor("step-ca ready", () => daemon.hasEnded() || accepts(address));
      if (daemon.hasEnded()) throw new Error(`step-ca ended\n${daemon.output()}`);
      const root = join(folder, "certs/root_ca.crt");
      const server = ["-addr", address, "-host", "localhost", "-ca", root, "-pid", `${daemon.pid}`];
      const args = [
        "-mode",
        "step-renew",
        ...server,
        "-jwk",
        join(folder, "jwk"),
        "-issuer",
        "load",
      ];
      return {
        kept: await runPeerLoad(tools, [...args, "-conn", "keep"], time),
        fresh: await runPeerLoad(tools, [...args, "-conn", "new"], time),
      };
    } finally {
      await daemon.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether somebody takes TCP connections there. */
function accepts(address: string): Promise<boolean> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}

const environment = (folder: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: folder,
  STEPPATH: folder,
});

/** Gives the path of the password file. */
async function initStepCa(tools: PeerTools, folder: string, address: string): Promise<string> {
  const password = join(folder, "password");
  writeFileSync(password, "bench\n");
  const files = ["--password-file", password, "--provisioner-password-file", password];
  const names = [
    "--name",
    "bench",
    "--dns",
    "localhost",
    "--address",
    address,
    "--provisioner",
    "load",
  ];
  const args = ["ca", "init", "--deployment-type", "standalone", ...names, ...files];
  await runOk(tools.step, args, { env: environment(folder) });
  await replaceProvisionerKey(tools, folder);
  return password;
}

/** One-time tokens are signed with a key of the load's own, so that it can make them by itself. */
async function replaceProvisionerKey({ load }: PeerTools, folder: string): Promise<void> {
  const jwk = await runOk(load, ["-mode", "jwk"]);
  writeFileSync(join(folder, "jwk"), jwk);
  const file = join(folder, "config/ca.json");
  const publicKey: unknown = JSON.parse(jwk, (name, value: unknown) =>
    name === "d" ? undefined : value,
  );
  const config: unknown = JSON.parse(readFileSync(file, "utf8"), (name, value: unknown) => {
    if (name === "encryptedKey") return undefined;
    // The file names the key of its intermediate under the same name, as a path.
    return name === "key" && typeof value === "object" ? publicKey : value;
  });
  writeFileSync(file, JSON.stringify(config));
}
