import { join } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import type { GrantOffer } from "../../../protocol/messages.ts";
import { withLock } from "../../agent/lock.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { agentSocket, isInAgent, putIntoAgent } from "../agent/agent.ts";
import type { Cluster } from "../session/cluster.ts";
import type { CredentialSummary } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { obtain } from "../session/obtain.ts";
import { inPrivateFolder, readPrivateFile } from "../held/private-file.ts";
import { findReason } from "../reason.ts";
import { openSession } from "../session/session.ts";
import { writeTrustFiles } from "../session/trust-files.ts";
import { chooseSsh } from "./choice.ts";
import { freshnessOf, readFreshness, writeFreshness } from "./freshness.ts";
import { writeIdentities } from "./identities.ts";
import { credentialFolder, keepCredential, listCredentials } from "../held/store.ts";
import { FILES } from "../held/stored-credential.ts";

/** What a login wants of its certificate. */
export type LoginWish = {
  readonly login: string;
  readonly reason?: string;
  /** Seconds. */
  readonly lifetime?: number;
  /** Whether the agent asks before each use. */
  readonly confirm: boolean;
  /** False: the key is kept in a file, whether there is an agent or not. */
  readonly agent: boolean;
};

/** A certificate that came just now, and what it was offered as. */
export type Gotten = { readonly summary: CredentialSummary; readonly offer: GrantOffer };

/** A denial of a login that no grant is about: ordinary keys may well do. */
export class NothingForLogin extends Failure {}

/**
 * A certificate for a login that is valid for a while yet; undefined where there is none, or the
 * agent does not hold it any more. Contacts no server.
 *
 * @throws Failure
 */
export async function findFresh(
  deps: RequestDeps,
  cluster: Cluster,
  login: string,
): Promise<CredentialSummary | undefined> {
  const note = readFreshness(deps, cluster.places, login);
  if (note === undefined || note.end - note.margin <= deps.now() / 1000) return undefined;
  const held = listCredentials(deps, cluster).find(({ grant }) => grant === note.grant);
  if (held === undefined || held.keyIn === "files") return held;
  if (note.socket !== agentSocket(deps)) return undefined;
  const file = join(credentialFolder(cluster, held.grant), FILES.ssh.certificate);
  const certificate = readPrivateFile(deps, file) ?? "";
  return (await isInAgent(deps, certificate)) ? held : undefined;
}

/**
 * Gets a certificate with which a login works, puts its key into the agent or into a file, and
 * tells ssh of it.
 *
 * @throws Failure, {@link NothingForLogin} where no grant is about the login.
 */
export async function getForLogin(
  deps: RequestDeps,
  output: Output,
  cluster: Cluster,
  wish: LoginWish,
): Promise<Gotten> {
  const { login, lifetime } = wish;
  const session = await openSession(deps, cluster);
  try {
    const grants = await session.grants();
    const verdict = chooseSsh(grants, login);
    if (!verdict.found) throw verdict.named ? verdict.failure : nothing(verdict.failure);
    const { offer, choose } = verdict.choice;
    const what = `${login} login`;
    const given = wish.reason === undefined ? {} : { given: wish.reason };
    const reason = await findReason(deps, offer, { ...given, what });
    const credential = await obtain(deps, session, {
      offer,
      subject: grants.subject,
      choose,
      ...(reason === undefined ? {} : { reason }),
      ...(lifetime === undefined ? {} : { lifetime }),
    });
    if (credential.form !== "ssh") throw new TypeError("an SSH grant gives SSH certificates");
    const outcome = wish.agent
      ? await putIntoAgent(deps, credential, wish)
      : { kept: false as const };
    if (!outcome.kept && outcome.why !== undefined) {
      output.warn(`the key is in a file, not in the agent: ${outcome.why}`);
    }
    const summary = keepCredential(deps, cluster, credential, {
      keyIn: outcome.kept ? "agent" : "files",
    });
    writeTrustFiles(deps, cluster.places, session.trust());
    writeIdentities(deps, cluster);
    const socket = outcome.kept ? outcome.socket : undefined;
    const logins = [login, ...summary.principals];
    writeFreshness(deps, cluster.places, logins, freshnessOf(summary, socket));
    return { summary, offer };
  } finally {
    session.close();
  }
}

const nothing = ({ exit, message, hints }: Failure): NothingForLogin =>
  new NothingForLogin(exit, message, hints);

/** Milliseconds to wait for another keyreq, which may be asking its person for a reason. */
const PATIENCE = 60_000;
const PAUSE = 100;

/**
 * Does `work` while no other keyreq gets a certificate of this cluster for ssh: of many connections
 * that begin at once, one asks and the others find what it got.
 *
 * @throws Failure (exit 4) when another one does not end.
 */
export async function takingTurns<T>(
  deps: Pick<RequestDeps, "places" | "uid" | "now">,
  { places }: Pick<Cluster, "places">,
  work: () => Promise<T>,
): Promise<T> {
  inPrivateFolder(deps, places.folder, { create: true }, () => undefined);
  const end = deps.now() + PATIENCE;
  let isMyTurn = false;
  for (;;) {
    try {
      return await withLock(join(places.folder, "ssh.lock"), () => {
        isMyTurn = true;
        return work();
      });
    } catch (error) {
      const isTaken = !isMyTurn && error instanceof Failure && error.exit === EXIT.unreachable;
      if (!isTaken) throw error;
      if (deps.now() > end) {
        throw new Failure(
          EXIT.unreachable,
          "another keyreq has been getting a certificate for a minute",
          [`is it waiting for a reason?  else:  rm ${places.folder}/ssh.lock`],
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
