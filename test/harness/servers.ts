import { join } from "node:path";
import { PATHS } from "../../protocol/paths.ts";
import { startDaemon, type Daemon } from "./process.ts";
import { CHECKOUT } from "./source-tree.ts";
import { askOverSocket, isListening } from "./unix-request.ts";
import { waitFor } from "./wait.ts";

/** keyserver's launcher. */
export const KEYSERVER = join(CHECKOUT, "server/bin/keyserver");
const KEYSIGNER = join(CHECKOUT, "keys/signer/main.ts");

/** Starts and ends the processes of one authority. */
export type Servers = {
  /**
   * Starts keyserver, and waits until it can sign.
   *
   * keyserver gives keysigner nothing of its environment, so with `extra` (a fake clock) keysigner
   * is started here, with the same.
   */
  start(extra?: Readonly<Record<string, string>>): Promise<Daemon>;
  /** Ends what was started; gives keyserver's exit code, 0 when it was not running. */
  stop(): Promise<number>;
  /** The keyserver that was started last. @throws TypeError when there was none. */
  current(): Daemon;
};

type ServersDeps = {
  readonly root: string;
  /** Where the logs go. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
};

/** Servers of the authority under `root`, which `keyserver init` made. */
export function createServers({ root, folder, env }: ServersDeps): Servers {
  const socket = (name: string): string => join(root, "run/keysystem", name);
  let keyserver: Daemon | undefined;
  let keysigner: Daemon | undefined;

  async function startSigner(extra: Readonly<Record<string, string>>): Promise<void> {
    const log = join(folder, "keysigner.log");
    keysigner = startDaemon(process.execPath, [KEYSIGNER, "--root", root], {
      env: { ...env, ...extra },
      log,
    });
    await waitUntil(keysigner, "keysigner", () => isListening(socket("signer.sock")));
  }

  return {
    async start(extra = {}) {
      if (Object.keys(extra).length > 0) await startSigner(extra);
      const log = join(folder, "keyserver.log");
      keyserver = startDaemon(KEYSERVER, ["run", "--root", root], {
        env: { ...env, ...extra },
        log,
      });
      await waitUntil(keyserver, "keyserver", async () => {
        const { status } = await askOverSocket(socket("admin.sock"), "GET", PATHS.readyz);
        return status === 200;
      });
      return keyserver;
    },
    async stop() {
      const code = (await keyserver?.stop()) ?? 0;
      await keysigner?.stop();
      return code;
    },
    current() {
      if (keyserver === undefined) throw new TypeError("keyserver has not been started");
      return keyserver;
    },
  };
}

async function waitUntil(
  daemon: Daemon,
  name: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  await waitFor(`${name} ready`, async () => daemon.hasEnded() || (await isReady()));
  if (daemon.hasEnded()) throw new Error(`${name} ended\n${daemon.output()}`);
}
