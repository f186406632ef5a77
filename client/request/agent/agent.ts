import {
  parseSshCertificate,
  parseSshCertificateLine,
} from "../../../keys/formats/ssh-certificate.ts";
import { parseSshPublicKey } from "../../../keys/formats/ssh-public-key.ts";
import { messageOf } from "../../terminal/failure.ts";
import { openAgent, type AgentConnection } from "./agent-connection.ts";
import {
  formatAddRequest,
  formatListRequest,
  formatRemoveRequest,
  isSuccess,
  parseListAnswer,
  type AgentIdentity,
} from "./agent-wire.ts";
import { readTrust } from "../session/cluster.ts";
import type { CredentialSummary, HeldCredential } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { clusterPlaces } from "../places.ts";
import { forgetFreshness } from "../ssh/freshness.ts";
import { writeIdentities } from "../ssh/identities.ts";
import { commentOf } from "../held/stored-credential.ts";

type AgentDeps = Pick<RequestDeps, "places" | "uid" | "now" | "environment">;
type SshCredential = Extract<HeldCredential, { form: "ssh" }>;

/** What came of putting a certificate into the agent: where it is now, or why it is not there. */
export type AgentOutcome =
  | { readonly kept: true; readonly socket: string }
  /** `why` is absent where there is no agent at all. */
  | { readonly kept: false; readonly why?: string };

/** The agent's socket, where this session has one. */
export const agentSocket = ({
  environment,
}: Pick<RequestDeps, "environment">): string | undefined => {
  const path = environment["SSH_AUTH_SOCK"];
  return path === undefined || path === "" ? undefined : path;
};

/**
 * Puts a certificate with its key into the agent for as long as it is valid, sees to it that it is
 * there (some agents say yes and keep nothing), then drops what it replaces. Never throws.
 */
export async function putIntoAgent(
  deps: AgentDeps,
  credential: SshCredential,
  { confirm }: { readonly confirm: boolean },
): Promise<AgentOutcome> {
  const socket = agentSocket(deps);
  if (socket === undefined) return { kept: false };
  try {
    return await withAgent(socket, (agent) => put(agent, socket));
  } catch (error) {
    return { kept: false, why: messageOf(error) };
  }

  async function put(agent: AgentConnection, path: string): Promise<AgentOutcome> {
    const certificate = parseSshCertificateLine(credential.certificate).blob;
    const lifetime = Math.floor((credential.notAfter - deps.now()) / 1000);
    const { key } = credential;
    const addition = { key, certificate, comment: commentOf(credential), lifetime, confirm };
    if (lifetime < 1) return { kept: false, why: "the certificate has expired" };
    if (!isSuccess(await agent.ask(formatAddRequest(addition)))) {
      return { kept: false, why: "the agent takes no certificates" };
    }
    const held = await list(agent);
    if (!held.some(({ blob }) => blob.equals(certificate))) {
      return { kept: false, why: "the agent said yes and did not keep it" };
    }
    const ours = isOurs(deps, credential);
    await drop(
      agent,
      held.filter((each) => ours(each) && !each.blob.equals(certificate)),
    );
    return { kept: true, socket: path };
  }
}

/** Whether the agent holds a certificate (one OpenSSH line) now; false also when it does not answer. */
export async function isInAgent(deps: AgentDeps, certificate: string): Promise<boolean> {
  const socket = agentSocket(deps);
  if (socket === undefined) return false;
  try {
    const wanted = parseSshCertificateLine(certificate).blob;
    const held = await withAgent(socket, list);
    return held.some(({ blob }) => blob.equals(wanted));
  } catch {
    return false;
  }
}

/**
 * Removes all certificates of a credential's grant from the agent, and from what ssh is told to use;
 * gives how many the agent held. One that is not there or does not answer has forgotten already, or
 * will when they expire.
 *
 * @throws Failure when ssh's files cannot be written.
 */
export async function forgetFromAgent(
  deps: AgentDeps,
  credential: Pick<CredentialSummary, "cluster" | "grant">,
): Promise<number> {
  const { cluster: name, grant } = credential;
  const shelf = { name, places: clusterPlaces(deps.places, name) };
  forgetFreshness(deps, shelf.places, grant);
  writeIdentities(deps, shelf, { without: grant });
  const socket = agentSocket(deps);
  if (socket === undefined) return 0;
  try {
    return await withAgent(socket, async (agent) =>
      drop(agent, (await list(agent)).filter(isOurs(deps, credential))),
    );
  } catch {
    return 0;
  }
}

async function withAgent<T>(
  socket: string,
  work: (agent: AgentConnection) => Promise<T>,
): Promise<T> {
  const agent = await openAgent(socket);
  try {
    return await work(agent);
  } finally {
    agent.close();
  }
}

const list = async (agent: AgentConnection): Promise<readonly AgentIdentity[]> =>
  parseListAnswer(await agent.ask(formatListRequest()));

async function drop(agent: AgentConnection, identities: readonly AgentIdentity[]): Promise<number> {
  let dropped = 0;
  for (const { blob } of identities) {
    if (isSuccess(await agent.ask(formatRemoveRequest(blob)))) dropped += 1;
  }
  return dropped;
}

/** Ours are named as ours and are certificates of the cluster's authority; whoever only took the name keeps his key. */
function isOurs(
  deps: AgentDeps,
  credential: Pick<CredentialSummary, "cluster" | "grant">,
): (identity: AgentIdentity) => boolean {
  const trust = readTrust(deps, clusterPlaces(deps.places, credential.cluster));
  const anchors = (trust?.authorities ?? [])
    .filter(({ kind }) => kind === "ssh-user")
    .flatMap((authority) => authority.anchors)
    .map((anchor) => parseSshPublicKey(anchor).blob);
  const comment = commentOf(credential);
  return (identity) => {
    const authority = identity.comment === comment ? authorityOf(identity.blob) : undefined;
    return authority !== undefined && anchors.some((anchor) => anchor.equals(authority));
  };
}

function authorityOf(blob: Buffer): Buffer | undefined {
  try {
    return parseSshCertificate(blob).authorityKey.blob;
  } catch {
    // Most of what an agent holds is no certificate, or of a kind that is not made here.
    return undefined;
  }
}
