import { randomBytes } from "node:crypto";
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { pino } from "pino";
import { createAuthority } from "../../keys/signer/authority-files.ts";
import type { AuthorityKeyKind } from "../../keys/signer/authority-key.ts";
import { connectSigner, type SignerClient } from "../../keys/signer/client.ts";
import type { Policy } from "../../policy/decision.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { PolicyReport } from "../config/policy-report.ts";
import { makeFolder } from "../config/make-folder.ts";
import { writeApplied } from "../config/applied-copy.ts";
import { writePolicy } from "../config/write-policy.ts";
import type { UserIds } from "../config/user.ts";
import { prepareRunFolder } from "../daemon/listen.ts";
import { ensureOwnCertificate } from "../daemon/own-certificate.ts";
import { loadPolicy } from "../daemon/policy-holder.ts";
import { nodesAuthority } from "../daemon/trust-holder.ts";
import { startSigner } from "../daemon/signer-process.ts";
import { createSerials } from "../ledger/serial.ts";
import { createLedger } from "../ledger/ledger-file.ts";
import { openLedger } from "../ledger/sqlite.ts";

/** Users that the two processes become when root starts them. */
export type ServerUsers = {
  readonly server: { readonly name: string; readonly ids: UserIds };
  readonly signer: { readonly name: string; readonly ids: UserIds };
};

/** Everything that init was told or found out, before anything is made. */
export type InitPlan = {
  readonly paths: ServerPaths;
  readonly policy: Policy;
  readonly report: PolicyReport;
  readonly listen: string;
  readonly advertise: readonly string[];
  /** Names and addresses in keyserver's own certificate. */
  readonly names: readonly string[];
  readonly keyKinds: ReadonlyMap<string, AuthorityKeyKind>;
  readonly users?: ServerUsers;
  readonly now: () => number;
};

/** What init made. */
export type Initialised = { readonly pin: string; readonly authorities: number };

/** @throws OperatorError when there is something of an authority under the root already */
export function refuseSecondInit(paths: ServerPaths): void {
  const kept = [
    paths.ledger,
    paths.authorities,
    paths.sealSecret,
    paths.serverYaml,
    paths.signerYaml,
  ];
  const found = kept.find((path) => existsSync(path));
  if (found === undefined) return;
  throw new OperatorError(
    `${found} is there already: this machine has an authority, and it is never overwritten`,
    {
      hint: "look at it: keyserver status; for a second one beside it give --root DIR",
      exitCode: EXIT.usage,
    },
  );
}

/** Creates everything that an authority is made of; what it made is taken away again when a step fails. */
export async function initialise(plan: InitPlan): Promise<Initialised> {
  const { paths } = plan;
  const made = missingOf(paths);
  try {
    makeFolders(plan);
    writeSettings(plan);
    await makeAuthorities(plan);
    createLedger(paths.ledger);
    giveToSigner(plan);
    const initialised = await certifyServer(plan);
    giveToServer(plan);
    return initialised;
  } catch (error) {
    for (const path of made) rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** What is not there before init, each as the topmost folder that is missing on the way to it. */
function missingOf(paths: ServerPaths): readonly string[] {
  const wanted = [
    paths.policy,
    dirname(paths.applied),
    paths.sealSecret,
    paths.serverYaml,
    paths.signerYaml,
    paths.stateFolder,
    paths.signerFolder,
    paths.runFolder,
  ];
  return wanted.filter((path) => !existsSync(path)).map(topmostMissing);
}

function topmostMissing(path: string): string {
  const above = dirname(path);
  return existsSync(above) ? path : topmostMissing(above);
}

function makeFolders({ paths }: InitPlan): void {
  makeFolder(dirname(paths.serverYaml));
  for (const folder of [
    paths.stateFolder,
    paths.tlsFolder,
    paths.signerFolder,
    paths.authorities,
  ]) {
    makeFolder(folder, 0o700);
  }
}

function writeSettings({ paths, report, listen, advertise, names, users }: InitPlan): void {
  const list = (items: readonly string[]): string =>
    items.map((item) => JSON.stringify(item)).join(", ");
  const user = (name: string | undefined): string =>
    name === undefined ? "" : `user: ${JSON.stringify(name)}\n`;
  writeFileSync(
    paths.serverYaml,
    `# What the daemon listens on; what nodes reach it by. See docs/operations.md.\n` +
      `listen: ${JSON.stringify(listen)}\nadvertise: [${list(advertise)}]\n${user(users?.server.name)}`,
    { mode: 0o644, flag: "wx" },
  );
  writeFileSync(
    paths.signerYaml,
    `# Read by keysigner alone. names: the only ones that keyserver's own certificate can get.\n` +
      `names: [${list(names)}]\nseal: { file: /etc/keysystem/seal.secret }\n${user(users?.signer.name)}`,
    { mode: 0o644, flag: "wx" },
  );
  if (!existsSync(paths.policy)) writePolicy(paths.policy, report);
  writeApplied(paths.applied, report);
  // Random, so that it is worth more than any pass phrase; whoever has it and the key files has the authorities.
  writeFileSync(paths.sealSecret, randomBytes(32).toString("base64url"), {
    mode: 0o600,
    flag: "wx",
  });
}

async function makeAuthorities({ paths, policy, keyKinds, now }: InitPlan): Promise<void> {
  const secret = readFileSync(paths.sealSecret);
  for (const { name, kind } of policy.authorities.values()) {
    const keyKind = keyKinds.get(name) ?? (kind === "tls" ? "ecdsa-p256" : "ed25519");
    const directory = paths.authorities;
    await createAuthority({
      directory,
      cluster: policy.cluster.name,
      name,
      kind,
      keyKind,
      secret,
      now: now(),
    });
  }
}

/** The signer owns what it alone may read. */
function giveToSigner({ paths, users }: InitPlan): void {
  if (users === undefined) return;
  chownTree(paths.signerFolder, users.signer.ids);
  chownSync(paths.sealSecret, users.signer.ids.uid, users.signer.ids.gid);
}

/** keyserver owns its state; the last step, since only its owner opens a ledger. */
function giveToServer({ paths, users }: InitPlan): void {
  if (users !== undefined) chownTree(paths.stateFolder, users.server.ids);
}

function chownTree(path: string, { uid, gid }: Pick<UserIds, "uid" | "gid">): void {
  chownSync(path, uid, gid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) chownTree(child, { uid, gid });
    else chownSync(child, uid, gid);
  }
}

/** Has keyserver's first certificate made the way that all others will be. */
async function certifyServer(plan: InitPlan): Promise<Initialised> {
  const { paths, now } = plan;
  const ledger = openLedger({ file: paths.ledger, now });
  try {
    return await withSigner(plan, async (signer) => {
      const authorities = await signer.authorities();
      const { hash } = loadPolicy(paths.applied);
      const serials = createSerials({ now, randomBytes });
      await ensureOwnCertificate({ paths, signer, ledger, serials, policyHash: () => hash, now });
      await ledger.note({ at: now(), event: "initialised", policy: hash });
      return { pin: nodesAuthority(authorities).fingerprint, authorities: authorities.length };
    });
  } finally {
    await ledger.close();
  }
}

/** Runs the signer for as long as `use` takes. */
async function withSigner<T>(
  { paths, users }: InitPlan,
  use: (signer: SignerClient) => Promise<T>,
): Promise<T> {
  prepareRunFolder(paths, users && { uid: users.server.ids.uid, gid: users.signer.ids.gid });
  const log = pino({ level: "error", base: null }, process.stderr);
  const monotonic = (): number => performance.now();
  const signerProcess = await startSigner({ paths, log, monotonic, canRestart: true });
  const signer = connectSigner(paths.signerSocket);
  try {
    return await use(signer);
  } finally {
    signer.close();
    await signerProcess.stop();
  }
}
