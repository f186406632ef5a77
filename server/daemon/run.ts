import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { type Logger, pino } from "pino";
import { findPassedSocket } from "../../keys/signer/activation.ts";
import { connectSigner } from "../../keys/signer/client.ts";
import { readConfiguration } from "../../keys/signer/configuration.ts";
import { findSupervisor } from "../../keys/signer/supervisor.ts";
import { placeSecrets } from "../config/credentials.ts";
import { becomeUser, findUser, isRoot, type UserIds } from "../config/user.ts";
import type { ServerPaths } from "../config/paths.ts";
import { type ReadConfig, readServerConfig } from "../config/read-config.ts";
import type { KerberosLibrary } from "../authenticate/kerberos-library.ts";
import { createSerials } from "../ledger/serial.ts";
import { openLedger } from "../ledger/sqlite.ts";
import { type Apps, createApps } from "./apps.ts";
import { tlsContext } from "./https-server.ts";
import { loadLateModules } from "./load-late-modules.ts";
import { listenAdmin, listenHttps, listenPassed, prepareRunFolder } from "./listen.ts";
import { escapeLogLine } from "./log-line.ts";
import { ensureOwnCertificate } from "./own-certificate.ts";
import type { Parts } from "./parts.ts";
import { createPeople, prepareKerberos } from "./people.ts";
import { createMetrics } from "./metrics.ts";
import { applyInChild } from "./policy-child.ts";
import { holdPolicy } from "./policy-in-force.ts";
import { createPolicyKeeper } from "./policy-keeper.ts";
import { createPolicySignal } from "./policy-signal.ts";
import { checkReadiness } from "./readiness.ts";
import { startSigner } from "./signer-process.ts";
import { superviseWith } from "./supervision.ts";

export type RunDeps = {
  readonly paths: ServerPaths;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** What starts keyserver once more: Node.js, its flags, the program's file. */
  readonly program: readonly string[];
  /** keyserver's own version. */
  readonly version: string;
};

/** A keyserver that answers. */
export type RunningServer = {
  /** Ends what is under way, then the doors, the ledger and the signer. */
  stop(): Promise<void>;
  /**
   * Renews its own certificate if that is due, and has an edited policy applied where it loosens nothing, or takes
   * the applied one anew; what is wrong changes nothing and is logged.
   */
  reload(): Promise<void>;
};

/** The users of keyserver and keysigner where root starts them and the configuration names them. */
function separateUsers(
  { user }: Pick<ReadConfig, "user">,
  paths: ServerPaths,
): { readonly server: UserIds; readonly signer: UserIds } | undefined {
  if (!isRoot() || user === undefined) return undefined;
  const { user: signerUser } = readConfiguration(paths.signerYaml);
  return { server: findUser(user), signer: findUser(signerUser ?? user) };
}

/** Milliseconds between looks at our own certificate. */
const OWN_CERTIFICATE_CHECK = 60_000;

/**
 * Starts the daemon: the signer where nobody has, the ledger, the policy in force, both doors.
 *
 * As root with a `user:` in server.yaml it becomes that user before it opens the ledger or the network.
 */
export async function runServer({ paths, now, program, version }: RunDeps): Promise<RunningServer> {
  const config = placeSecrets(readServerConfig(paths), process.env["CREDENTIALS_DIRECTORY"]);
  const hooks = { streamWrite: escapeLogLine };
  const log = pino({ level: config.log ?? "info", base: null, hooks });
  const users = separateUsers(config, paths);
  const adminSocket = findPassedSocket("admin", process.env, process.pid);
  // Who makes the sockets owns their folder.
  if (adminSocket === undefined)
    prepareRunFolder(paths, users && { uid: users.server.uid, gid: users.signer.gid });
  const signerProcess = await startSigner({
    paths,
    log,
    monotonic: () => performance.now(),
    canRestart: users === undefined,
  });
  const kerberos = await prepareKerberos(config, paths);
  if (users !== undefined) {
    await loadLateModules(log);
    becomeUser(users.server, users.signer);
  }

  const signer = connectSigner(paths.signerSocket);
  try {
    const parts = await assemble({ paths, now, version }, { config, log, signer, kerberos });
    const apps = await createApps(parts.parts);
    await listenHttps(apps.https, config.endpoint);
    if (adminSocket === undefined) await listenAdmin(apps.admin, paths.adminSocket);
    else await listenPassed(apps.admin, adminSocket);
    const own = keepOwnCertificate(parts, apps, log);
    const ending = new AbortController();
    const takePolicy = answerSignals(parts.parts, program, ending.signal);
    const silence = speakUp(parts.parts);
    // Nodes are served already: a directory that stalls at our start delays nobody.
    void sayProblems(parts.parts, log);
    log.info({ listen: config.listen, policy: parts.parts.inForce().active.hash }, "ready");
    return {
      async reload() {
        await own.look();
        await takePolicy();
      },
      async stop() {
        silence();
        own.stop();
        ending.abort();
        await Promise.all([apps.https.close(), apps.admin.close()]);
        await parts.parts.people.close();
        await parts.parts.ledger.close();
        signer.close();
        await signerProcess.stop();
        log.info("stopped");
      },
    };
  } catch (error) {
    signer.close();
    await signerProcess.stop();
    throw error;
  }
}

/** Milliseconds that those get who wait for an answer. */
const LAST_WORDS = 500;

/**
 * Ends keyserver after a sync that failed, where somebody starts it anew: what is written from then on could not be
 * vouched for, and a new process begins with what is on disk. Elsewhere it goes on with what needs no writing.
 */
function endWith(
  { NOTIFY_SOCKET }: Readonly<Record<string, string | undefined>>,
  log: Parts["log"],
): (cause: unknown) => void {
  return (err) => {
    const next =
      NOTIFY_SOCKET === undefined ? "start keyserver anew" : "ending, to be started anew";
    log.fatal({ err }, `ledger: a sync failed, nothing more can be written; ${next}`);
    if (NOTIFY_SOCKET !== undefined) setTimeout(() => process.exit(1), LAST_WORDS);
  };
}

type Given = Pick<Parts, "config" | "log" | "signer"> & {
  readonly kerberos: KerberosLibrary | undefined;
};

type Assembled = { readonly parts: Parts; readonly renewOwn: () => Promise<void> };

async function assemble(
  { paths, now, version }: Omit<RunDeps, "program">,
  { kerberos, ...given }: Given,
): Promise<Assembled> {
  const { signer, config, log } = given;
  const held = await holdPolicy({ file: paths.applied, signer });
  const ledger = openLedger({ file: paths.ledger, now, broken: endWith(process.env, log) });
  const serials = createSerials({ now, randomBytes });
  const metrics = createMetrics(version);
  const policyHash = () => held.get().active.hash;
  const obtain = () => ensureOwnCertificate({ paths, signer, ledger, serials, policyHash, now });
  let own = await obtain();
  return {
    parts: {
      ...given,
      paths,
      now,
      ledger,
      serials,
      startedAt: now(),
      inForce: held.get,
      ownCertificate: () => own,
      people: createPeople({
        config,
        paths,
        kerberos,
        policy: () => held.get().active.policy,
        log,
        now,
        monotonic: () => performance.now() / 1000,
      }),
      metrics,
      keeper: createPolicyKeeper({ paths, held, ledger, now, count: metrics.countReload }),
    },
    async renewOwn() {
      own = await obtain();
    },
  };
}

/** What a signal to take the policy does; a child that is under way ends with `signal`. */
function answerSignals(
  { keeper, paths, log }: Parts,
  program: readonly string[],
  signal: AbortSignal,
): () => Promise<void> {
  const by = "SIGHUP";
  return createPolicySignal({
    standing: keeper.standing,
    apply: () => applyInChild({ program, root: paths.root, signal }),
    reread: () => keeper.reload({ by }),
    refuse: (why) => keeper.refuse({ by, why }),
    log,
  });
}

/** Tells systemd, where it waits for it, when we can sign and that we live; gives what ends it. */
function speakUp(parts: Parts): () => void {
  const { log } = parts;
  const { env: environment, pid } = process;
  const failed = (err: Error): void => log.warn({ err }, "systemd was not told");
  const supervisor = findSupervisor({ environment, pid, failed });
  if (supervisor === undefined) return () => undefined;
  const policy = () => parts.inForce().active;
  const readiness = () => checkReadiness({ ...parts, policy });
  return superviseWith({ supervisor, readiness, log });
}

async function sayProblems({ people }: Pick<Parts, "people">, log: Logger): Promise<void> {
  for (const problem of await people.problems()) log.warn({ problem }, "people are kept out");
}

type OwnCertificateKeeper = {
  /** Renews the certificate when it is due. Never rejects: what went wrong is logged. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
};

/** Renews our own certificate in time and puts it before the next connection. */
function keepOwnCertificate(
  { parts, renewOwn }: Assembled,
  apps: Apps,
  log: Logger,
): OwnCertificateKeeper {
  const renewWhenDue = async (): Promise<void> => {
    const before = parts.ownCertificate();
    try {
      await renewOwn();
      const own = parts.ownCertificate();
      if (own.certificate === before.certificate) return;
      apps
        .tlsServer()
        .setSecureContext(tlsContext({ own, anchor: parts.inForce().authorities.nodes.anchor }));
      log.info({ notAfter: own.notAfter }, "own certificate renewed");
    } catch (err) {
      log.error({ err }, "own certificate was not renewed; trying again in a minute");
    }
  };
  let looking: Promise<void> | undefined;
  // One look at a time: two would make two certificates.
  const look = (): Promise<void> =>
    (looking ??= renewWhenDue().finally(() => {
      looking = undefined;
    }));
  const timer = setInterval(() => void look(), OWN_CERTIFICATE_CHECK);
  return { look, stop: () => clearInterval(timer) };
}
