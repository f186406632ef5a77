import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import pino from "pino";
import { becomeAccount, findAccount } from "./account.ts";
import { findPassedSocket } from "./activation.ts";
import { loadAuthorities } from "./authority-files.ts";
import { readConfiguration } from "./configuration.ts";
import { openListener } from "./listener.ts";
import { createOperations } from "./operations.ts";
import { createPolicyCores } from "./policy-cores.ts";
import { readSealingSecret } from "./sealing-secret.ts";
import { createServerProfile } from "./server-profile.ts";
import { openSignRecord } from "./sign-record.ts";
import { messageOf, SignerError } from "./signer-error.ts";
import { findSupervisor, keepAlive } from "./supervisor.ts";

/** keysigner: holds the authorities' keys and answers on a Unix socket. Has no commands. */

// What a claim needs is garbage as soon as it is answered: a young heap that stays as small as it
// begins holds all of it, and spares 15 MB.
setFlagsFromString("--semi-space-growth-factor=1");

const log = pino({ name: "keysigner" }, pino.destination({ fd: 2, sync: true }));

const now = (): number => Math.floor(Date.now() / 1000);

type Flags = { readonly root: string; readonly socket: string; readonly stopWithStdin: boolean };

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      root: { type: "string", default: "/" },
      socket: { type: "string" },
      // For who starts it by a pipe: it ends when the other end does, however that came.
      "stop-with-stdin": { type: "boolean", default: false },
    },
  });
  const { root, "stop-with-stdin": stopWithStdin } = values;
  const socket = values.socket ?? join(root, "run/keysystem/signer.sock");
  return { root, socket, stopWithStdin };
}

async function run({ root, socket, stopWithStdin }: Flags): Promise<void> {
  const state = join(root, "var/lib/keysigner");
  const configuration = readConfiguration(join(root, "etc/keysystem/signer.yaml"));
  const credentials = process.env["CREDENTIALS_DIRECTORY"];
  const secret = readSealingSecret(configuration.seal, { root, credentials });
  const authorities = loadAuthorities(join(state, "authorities"), secret);
  const isRoot = process.getuid?.() === 0;
  const account = isRoot && configuration.user ? findAccount(configuration.user) : undefined;
  const record = openSignRecord(join(state, "signed.log"), account);
  // From here on nothing needs root: the policy is read as who will read it again at a reload.
  if (account !== undefined) becomeAccount(account);

  const policy = join(root, "etc/keysystem/applied/policy.yaml");
  const cores = createPolicyCores(policy, { authorities, now });
  const server = createServerProfile(configuration.names);
  const answer = createOperations({ authorities, cores, record, server, log });
  const mode = isRoot && account === undefined ? 0o600 : 0o660;
  const descriptor = findPassedSocket("signer", process.env, process.pid);
  const place = descriptor === undefined ? { path: socket, mode } : { descriptor };
  const listener = await openListener({ place, answer, log });
  log.info({ socket, authorities: authorities.size, policy: cores.current().policyHash }, "ready");
  const silence = await speakUp();

  const stop = (): void => {
    silence();
    listener.close();
    record.close();
    log.info("stopped");
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  if (stopWithStdin) process.stdin.resume().once("close", stop);
}

/** Tells systemd, where it waits for it, that we can sign, and from then on that we live; gives what ends it. */
async function speakUp(): Promise<() => void> {
  const failed = (error: Error): void =>
    log.warn({ error: messageOf(error) }, "systemd was not told");
  const { env: environment, pid } = process;
  const supervisor = findSupervisor({ environment, pid, failed });
  if (supervisor === undefined) return () => undefined;
  await supervisor.tell("READY=1", "STATUS=ready to sign");
  return keepAlive(supervisor, () => Promise.resolve([]));
}

/** Exit codes as everywhere: 2 for flags, 1 for the rest. */
function fail(error: unknown): never {
  const usage = error instanceof TypeError && "code" in error;
  const code = error instanceof SignerError ? error.code : undefined;
  log.fatal({ code, error: messageOf(error) }, "keysigner cannot run");
  process.exit(usage ? 2 : 1);
}

try {
  await run(readFlags());
} catch (error) {
  fail(error);
}
