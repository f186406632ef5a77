import { EXIT } from "../../protocol/exit-codes.ts";
import type { PeopleInfo } from "../../protocol/messages.ts";
import type { Answer } from "../connection/transport.ts";
import { Failure } from "../terminal/failure.ts";
import type { RequestDeps } from "./deps.ts";
import { askPassword } from "./password.ts";

/** What one request carries, and how its answer is checked. */
export type OneProof = {
  /** The value of `Authorization`. */
  readonly authorization: string;
  /** @throws Failure (exit 6) for an answer that is not proved to be the server's. */
  readonly believe: (answer: Answer) => Promise<void>;
};

/** Makes the proof for the next request; none is used twice. */
export type Proof = () => Promise<OneProof>;

export type ProofOptions = {
  readonly people: PeopleInfo;
  /** When the session began, by `now`. */
  readonly begun: number;
};

/** Milliseconds from the session's begin until a KDC that does not answer is given up. */
const PATIENCE = 4200;
const LEAST = 1000;

/** Proves who asks by ticket or password, as the command line says. */
export function createProof(deps: RequestDeps, { people, begun }: ProofOptions): Proof {
  if (deps.how.kind === "password") return createPasswordProof(deps, people);
  const { kerberos: service } = people;
  if (service === undefined) return () => Promise.reject(noKerberos(people));
  let first = true;
  return async () => {
    const patience = first ? Math.max(LEAST, PATIENCE - (deps.now() - begun)) : PATIENCE;
    first = false;
    const { token, verify } = await deps.negotiate(service, patience);
    return {
      authorization: `Negotiate ${token}`,
      believe: (answer) => believe(answer, service, verify),
    };
  };
}

const noKerberos = ({ passwords }: PeopleInfo): Failure =>
  new Failure(
    EXIT.unauthenticated,
    "the server takes no Kerberos tickets",
    passwords
      ? ["with the directory's password:  keyreq --ldap …"]
      : ["an operator configures it:  kerberos  in /etc/keysystem/server.yaml"],
  );

/** RFC 4559 §5: the last leg. */
const ANSWER = /^Negotiate +([A-Za-z0-9+/]+={0,2})$/i;

async function believe(
  { status, challenge, server }: Answer,
  service: string,
  verify: (answer: string) => Promise<unknown>,
): Promise<void> {
  const token = ANSWER.exec(challenge ?? "")?.[1];
  if (token !== undefined && status !== 401) {
    await verify(token);
  } else if (!isBeforeAuthentication(status)) {
    throw new Failure(
      EXIT.unauthenticated,
      `${server} did not prove that it holds the key of ${service}; its answer was thrown away`,
      ["tell an operator; see there:  keyserver status"],
    );
  }
}

/** Answers that a server gives to one whom it does not know yet: a refusal, never anything to use. */
const isBeforeAuthentication = (status: number): boolean =>
  status === 401 || status === 429 || status >= 500;

function createPasswordProof(deps: RequestDeps, people: PeopleInfo): Proof {
  // Asked once for all requests of the session.
  let authorization: Promise<string> | undefined;
  return async () => {
    if (!people.passwords) throw noPasswords();
    authorization ??= askPassword(deps);
    return { authorization: await authorization, believe: () => Promise.resolve() };
  };
}

const noPasswords = (): Failure =>
  new Failure(EXIT.unauthenticated, "the server takes no passwords", [
    "kinit      then the same command without --ldap",
  ]);
