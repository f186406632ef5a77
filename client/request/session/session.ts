import { EXIT } from "../../../protocol/exit-codes.ts";
import type { IssuedToken, NewToken } from "../../../protocol/admin-messages.ts";
import type {
  CertificateRequest,
  CertificateResults,
  Grants,
  Trust,
} from "../../../protocol/messages.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { isAboutTime } from "../../connection/connection-failure.ts";
import { createKeyserver, type Keyserver } from "../../connection/keyserver.ts";
import { findPinnedServer } from "../../connection/pinned-server.ts";
import type { Answer, Transport } from "../../connection/transport.ts";
import { Failure } from "../../terminal/failure.ts";
import { checkClock } from "./clock-difference.ts";
import { findCluster, readTrust, writeTrust, type Cluster } from "./cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { explained, forPeople } from "./explain.ts";
import type { DataFolder } from "../held/private-file.ts";
import { createProof, type Proof } from "../proof/proof.ts";
import { writeTrustFiles } from "./trust-files.ts";

/**
 * The keyserver, spoken to as a person. Every request proves anew who asks, after TLS was checked,
 * and nothing in an answer is believed before the server has proved itself too. Every call throws
 * Failure, with the exit code that stands for what went wrong.
 */
export type Session = {
  readonly cluster: Cluster;
  readonly grants: () => Promise<Grants>;
  /** In the order of the requests; at most 32 of them. */
  readonly certificates: (
    requests: readonly CertificateRequest[],
  ) => Promise<CertificateResults["results"]>;
  readonly token: (request: NewToken) => Promise<IssuedToken>;
  /** The anchors, as the server gave them when the session was opened; kept on disk too. */
  readonly trust: () => Trust;
  /** Milliseconds by which the server's clock is ahead of ours; undefined when it did not say. */
  readonly ahead: number | undefined;
  /** `host:port` that answered. */
  readonly server: string;
  /** The principal or user that the last answer was given to; undefined before the first. */
  readonly asked: () => string | undefined;
  readonly close: () => void;
};

/** Milliseconds for all servers together to answer at all. */
const MEETING = 4000;
const SHORTEST = 1500;
/** Milliseconds for an answer that may need a directory. */
const ANSWER = 15_000;

/**
 * Opens a session with `cluster`: checks TLS against the anchors kept here, fetches the present
 * ones, and says nothing about the person yet.
 *
 * @throws Failure when no server can be reached (exit 4) or trusted (exit 6).
 */
export async function openSession(deps: RequestDeps, cluster: Cluster): Promise<Session> {
  const begun = deps.now();
  const connection = deps.connect({
    servers: cluster.servers,
    anchors: anchorsOf(keptTrust(deps, cluster), "nodes"),
    now: deps.now,
  });
  const transport = forPeople(connection);
  try {
    const met = await meet(deps, cluster, transport);
    const proof = createProof(deps, { people: met.people, begun });
    return sessionOf(met, { transport, proof });
  } catch (error) {
    transport.close();
    throw error;
  }
}

/** Opens a session with the cluster that the command line means. @throws Failure */
export const openAsked = (deps: RequestDeps): Promise<Session> =>
  openSession(deps, findCluster(deps));

/** Anchors of one authority, PEM or SSH public key lines; none when it is not known. */
export const anchorsOf = (trust: Trust, authority: string): readonly string[] =>
  trust.authorities.find(({ name }) => name === authority)?.anchors ?? [];

/** The anchors that are kept here. @throws Failure when they are missing. */
export function keptTrust(deps: DataFolder, { name, places }: Cluster): Trust {
  const trust = readTrust(deps, places);
  if (trust !== undefined) return trust;
  throw new Failure(EXIT.unauthenticated, `the anchors of ${name} are missing: ${places.trust}`, [
    "keyreq setup URL --pin PIN",
  ]);
}

type Met = {
  readonly cluster: Cluster;
  readonly people: Cluster["people"];
  readonly trust: Trust;
  readonly answer: Answer;
};

async function meet(deps: RequestDeps, cluster: Cluster, transport: Transport): Promise<Met> {
  const answers: Answer[] = [];
  const deadline = Math.max(SHORTEST, MEETING / cluster.servers.length);
  const impatient: Transport = {
    ...transport,
    call: (call) => transport.call({ ...call, deadline }),
  };
  const keyserver = createKeyserver(impatient, (answer) => answers.push(answer));
  const trust = await explained(() => keyserver.trust()).catch((error: unknown) =>
    explainTime(deps, cluster, error),
  );
  const [answer] = answers;
  if (trust.cluster !== cluster.name || answer === undefined) {
    throw new Failure(
      EXIT.unauthenticated,
      `the server is of ${trust.cluster}, not ${cluster.name}`,
      ["keyreq setup URL --pin PIN"],
    );
  }
  if (writeTrust(deps, cluster.places, trust)) writeTrustFiles(deps, cluster.places, trust);
  const people = { ...cluster.people, ...trust.people };
  return { cluster, people, trust, answer };
}

/** Where the server's certificate seems out of its time, asks the pinned server whose clock is wrong. */
async function explainTime(
  { now }: RequestDeps,
  { servers, pin }: Cluster,
  error: unknown,
): Promise<never> {
  if (!isAboutTime(error)) throw error;
  const bytes = Buffer.from(pin.slice("sha256:".length), "hex");
  checkClock(await findPinnedServer({ servers, pin: bytes, now }));
  throw error;
}

type Way = { readonly transport: Transport; readonly proof: Proof };

function sessionOf({ cluster, trust, answer }: Met, way: Way): Session {
  const keyserver: Keyserver = createKeyserver(proving(way), () => undefined);
  const ask = <T>(work: () => Promise<T>): Promise<T> => explained(work);
  return {
    cluster,
    grants: () => ask(() => keyserver.grants()),
    certificates: (requests) => ask(() => keyserver.certificates(requests)),
    token: (request) => ask(() => keyserver.token(request)),
    trust: () => trust,
    ahead: answer.ahead,
    server: answer.server,
    asked: () => way.proof.whom(),
    close: () => way.transport.close(),
  };
}

/** A transport on which every request proves who asks, and every answer who answers. */
const proving = ({ transport, proof }: Way): Transport => ({
  ...transport,
  async call(call) {
    const { authorization, believe } = await proof.next();
    const answer = await transport.call({ deadline: ANSWER, ...call, authorization });
    if (call.path !== PATHS.trust) await believe(answer);
    return answer;
  },
});
