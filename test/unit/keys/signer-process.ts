import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameReader, formatFrame } from "../../../keys/signer/frame.ts";
import { loadPolicy } from "../../../keys/signer/policy-file.ts";
import { EXAMPLE, makeAuthorities, SECRET } from "./policy-fixtures.ts";

const MAIN = join(import.meta.dirname, "../../../keys/signer/main.ts");

/** A folder with all that a signer needs, as `--root`. */
export type SignerRoot = {
  readonly root: string;
  readonly socket: string;
  readonly policyFile: string;
  readonly policyHash: string;
  readonly remove: () => void;
};

/** Lays out configuration, secret, policy and authorities; `now` in seconds since 1970. */
export async function makeRoot(now: number): Promise<SignerRoot> {
  const root = mkdtempSync(join(tmpdir(), "keysigner-"));
  const etc = join(root, "etc/keysystem");
  for (const folder of [
    join(etc, "applied"),
    join(root, "run/keysystem"),
    join(root, "var/lib/keysigner"),
  ]) {
    mkdirSync(folder, { recursive: true });
  }
  const policyFile = join(etc, "applied/policy.yaml");
  writeFileSync(policyFile, readFileSync(EXAMPLE));
  writeFileSync(join(etc, "seal"), `${SECRET.toString()}\n`, { mode: 0o600 });
  writeFileSync(
    join(etc, "signer.yaml"),
    "names: [localhost, 127.0.0.1]\nseal: { file: /etc/keysystem/seal }\n",
  );
  const { policy, hash } = loadPolicy(policyFile);
  await makeAuthorities(
    join(root, "var/lib/keysigner/authorities"),
    policy.authorities.values(),
    now,
  );
  return {
    root,
    socket: join(root, "run/keysystem/signer.sock"),
    policyFile,
    policyHash: hash,
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** A running keysigner. */
export type SignerProcess = {
  readonly child: ChildProcess;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves when it is ready; rejects with its log when it ends before. */
  readonly ready: Promise<void>;
};

/** Starts the real program. The caller ends it. */
export function startSigner(root: string, ...more: readonly string[]): SignerProcess {
  const child = spawn(process.execPath, [MAIN, "--root", root, ...more], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('"ready"')) resolve();
    });
    child.once("close", () => reject(new Error(log)));
  });
  ready.catch(() => undefined);
  return { child, log: () => log, ended, ready };
}

/** Sends raw bytes to a socket and gives every frame that comes back until the other side closes or `count` came. */
export function exchange(
  path: string,
  bytes: Uint8Array,
  count: number,
): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const read = createFrameReader();
    const values: unknown[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      values.push(...read(chunk));
      if (values.length >= count) socket.destroy();
    });
    socket.setTimeout(5000, () => reject(new Error("no answer within 5 s")));
    socket.on("close", () => resolve(values));
    socket.write(bytes);
  });
}

/** One request, its one reply. */
export async function ask(path: string, request: unknown): Promise<unknown> {
  const [reply] = await exchange(path, formatFrame(request), 1);
  return reply;
}
