import { EXIT } from "../../../protocol/exit-codes.ts";
import type { GrantOffer } from "../../../protocol/messages.ts";
import { formatDuration, formatTime } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { findCluster, type Cluster } from "../session/cluster.ts";
import type { HeldCredential } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { filesToGet, namesToGet, type Form } from "../get/files.ts";
import { openOutFolder, type OutFolder } from "../get/folder.ts";
import { findPassword, type FilePassword, type PasswordSource } from "../get/password.ts";
import { openRecord } from "../get/record.ts";
import { obtain } from "../session/obtain.ts";
import { findOffer } from "../session/offers.ts";
import { findReason } from "../reason.ts";
import { openSession } from "../session/session.ts";
import { parseDuration } from "../span.ts";
import { credentialFolder } from "../held/store.ts";

/** Flags of `keyreq get`; durations as people write them. */
export type GetFlags = PasswordSource & {
  readonly out: string;
  readonly p12?: boolean;
  readonly legacyP12?: boolean;
  readonly pem?: boolean;
  readonly reason?: string;
  readonly lifetime?: string;
  readonly force?: boolean;
};

/** `keyreq get GRANT --out DIR`: any certificate, into files of the person's own. @throws Failure */
export async function getCommand(
  deps: RequestDeps,
  output: Output,
  grant: string,
  flags: GetFlags,
): Promise<number> {
  const isP12 = checkFlags(flags);
  const cluster = findCluster(deps);
  // A name that can be none of a file ends here.
  credentialFolder(cluster, grant);
  const record = openRecord(deps, cluster);
  const { force = false } = flags;
  const folder = openOutFolder(flags.out, { uid: deps.uid, grant, record, force });
  try {
    if (isP12) folder.check(namesToGet(grant, "p12"));
    const password = isP12 ? await findPassword(deps, flags) : undefined;
    return await deliver({ deps, output, cluster, folder }, grant, flags, password);
  } finally {
    folder.close();
  }
}

/** Gives whether PKCS#12 is wanted. */
function checkFlags(flags: GetFlags): boolean {
  const { p12 = false, legacyP12 = false, pem = false, passwordFile, generatePassword } = flags;
  const isP12 = p12 || legacyP12;
  if (isP12 && pem) throw usage("--pem and --p12 are two forms; choose one");
  if (passwordFile !== undefined && generatePassword === true) {
    throw usage("--password-file and --generate-password are two passwords; choose one");
  }
  if (!isP12 && (passwordFile !== undefined || generatePassword === true)) {
    throw usage("only a PKCS#12 file has a password; PEM files have their mode, 0600");
  }
  return isP12;
}

const usage = (message: string): Failure =>
  new Failure(EXIT.usage, message, ["keyreq get GRANT --out DIR [--p12]"]);

type Delivery = {
  readonly deps: RequestDeps;
  readonly output: Output;
  readonly cluster: Cluster;
  readonly folder: OutFolder;
};

async function deliver(
  { deps, output, cluster, folder }: Delivery,
  grant: string,
  flags: GetFlags,
  password: FilePassword | undefined,
): Promise<number> {
  const lifetime =
    flags.lifetime === undefined ? {} : { lifetime: parseDuration("--lifetime", flags.lifetime) };
  const session = await openSession(deps, cluster);
  try {
    const { subject, ...grants } = await session.grants();
    const offer = findOffer({ subject, ...grants }, grant);
    const form = formOf(offer, password);
    folder.check(namesToGet(grant, form));
    const given = flags.reason === undefined ? {} : { given: flags.reason };
    const reason = await findReason(deps, offer, given);
    const said = reason === undefined ? {} : { reason };
    const credential = await obtain(deps, session, { offer, subject, ...said, ...lifetime });
    const seal = { ...password, legacy: flags.legacyP12 === true };
    const paths = folder.write(await filesToGet(credential, form, seal));
    tell({ deps, output, credential, paths, password });
    return EXIT.ok;
  } finally {
    session.close();
  }
}

/** @throws Failure for a grant that gives no certificate, or none that PKCS#12 can hold. */
function formOf({ grant, verb, kind, admits }: GrantOffer, password?: FilePassword): Form {
  if (verb !== "issue") throw givesNone(grant, verb, admits);
  if (kind === "tls") return password === undefined ? "pem" : "p12";
  if (password === undefined) return "ssh";
  throw new Failure(EXIT.usage, `${grant} gives an SSH certificate, which PKCS#12 cannot hold`, [
    `keyreq get ${grant} --out DIR`,
  ]);
}

function givesNone(
  grant: string,
  verb: GrantOffer["verb"],
  admits: readonly string[] = [],
): Failure {
  if (verb === "fetch") {
    return new Failure(EXIT.usage, `${grant} gives a file, and nodes fetch those themselves`, [
      "on the node:  keyclient once",
    ]);
  }
  if (verb === "admit") {
    return new Failure(EXIT.usage, `${grant} gives join strings for ${admits.join(", ")}`, [
      "keyreq token NODE",
    ]);
  }
  return new Failure(EXIT.usage, `${grant} gives no certificate`, [`keyreq why ${grant}`]);
}

type Told = {
  readonly deps: RequestDeps;
  readonly output: Output;
  readonly credential: HeldCredential;
  readonly paths: readonly string[];
  readonly password: FilePassword | undefined;
};

function tell({ deps, output, credential, paths, password }: Told): void {
  const { grant, authority, subject, serial, notAfter } = credential;
  const left = formatDuration((notAfter - deps.now()) / 1000);
  output.done(grant, `for ${left}, until ${formatTime(notAfter)}`);
  for (const path of paths) output.say(`   ${path}`);
  const made = password?.isGenerated === true ? { password: password.password } : {};
  // Shown once: even --quiet must not lose it.
  if (made.password !== undefined && !output.options.json) {
    output.print(`password: ${made.password}\n`);
  }
  const ends = formatTime(notAfter);
  output.document({ grant, authority, subject, serial, notAfter: ends, files: paths, ...made });
}
