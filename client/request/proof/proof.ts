import { EXIT } from "../../../protocol/exit-codes.ts";
import type { PeopleInfo } from "../../../protocol/messages.ts";
import type { Answer } from "../../connection/transport.ts";
import { Failure } from "../../terminal/failure.ts";
import type { RequestDeps } from "../deps.ts";
import { askPassword } from "./password.ts";
import { readTicket } from "./ticket.ts";

/** What one request carries, and how its answer is checked. */
export type OneProof = {
  /** The value of `Authorization`. */
  readonly authorization: string;
  /** @throws Failure (exit 6) for an answer that is not proved to be the server's. */
  readonly believe: (answer: Answer) => Promise<void>;
};

/** Proves who asks. */
export type Proof = {
  /** Makes the proof for one request; none is used twice. */
  readonly next: () => Promise<OneProof>;
  /** Whom the last answer was given to, once it was believed. */
  readonly whom: () => string | undefined;
};

export type ProofOptions = {
  readonly people: PeopleInfo;
  /** When the session began, by `now`. */
  readonly begun: number;
};

/** Milliseconds from the session's begin until a KDC that does not answer is given up: starting takes time too. */
const PATIENCE = 3500;
const LEAST = 1000;

/** Proves who asks by ticket or password, as the command line says. */
export function createProof(deps: RequestDeps, options: ProofOptions): Proof {
  const { people } = options;
  if (deps.how.kind === "password") return createPasswordProof(deps, deps.how.user, people);
  const { kerberos: service } = people;
  if (service !== undefined) return createTicketProof(deps, service, options);
  return { next: () => Promise.reject(noKerberos(people)), whom: () => undefined };
}

const noKerberos = ({ passwords }: PeopleInfo): Failure =>
  new Failure(
    EXIT.unauthenticated,
    "the server takes no Kerberos tickets",
    passwords
      ? ["with the directory's password:  keyreq --ldap …"]
      : ["an operator configures it:  kerberos:  in /etc/keysystem/server.yaml"],
  );

function createTicketProof(
  { negotiate, now, environment }: RequestDeps,
  service: string,
  { begun }: ProofOptions,
): Proof {
  let principal: string | undefined;
  let isFirst = true;
  return {
    whom: () => principal,
    async next() {
      // What was spent on finding the server is taken from the patience with the KDC.
      const spent = isFirst ? now() - begun : 0;
      isFirst = false;
      const patience = Math.max(LEAST, PATIENCE - spent);
      const named = (error: unknown): Promise<never> => nameTicket(environment, error);
      const { token, verify } = await negotiate(service, patience).catch(named);
      return {
        authorization: `Negotiate ${token}`,
        async believe(answer) {
          principal = (await checkAnswer(answer, service, verify).catch(named)) ?? principal;
        },
      };
    },
  };
}

/** `kinit` becomes `kinit PRINCIPAL` where a ticket shows which one it was. @throws what it is given, or that */
async function nameTicket(environment: RequestDeps["environment"], error: unknown): Promise<never> {
  if (!(error instanceof Failure) || error.hints[0] !== "kinit") throw error;
  const { exit, message, hints, cause } = error;
  const ticket = await readTicket(environment);
  if (ticket === undefined) throw error;
  throw new Failure(exit, message, [`kinit ${ticket.principal}`, ...hints.slice(1)], { cause });
}

/** RFC 4559 §5: the last leg. */
const ANSWER = /^Negotiate +([A-Za-z0-9+/]+={0,2})$/i;

/** Gives the own principal; undefined for a refusal of one whom the server does not know yet. @throws Failure */
async function checkAnswer(
  { status, challenge, server }: Answer,
  service: string,
  verify: (answer: string) => Promise<string>,
): Promise<string | undefined> {
  const token = ANSWER.exec(challenge ?? "")?.[1];
  if (token !== undefined && status !== 401) return verify(token);
  if (isBeforeAuthentication(status)) return undefined;
  throw new Failure(
    EXIT.unauthenticated,
    `${server} did not prove that it holds the key of ${service}; its answer was thrown away`,
    ["tell an operator; see there:  keyserver status"],
  );
}

/** Such answers refuse, and hold nothing to use. */
const isBeforeAuthentication = (status: number): boolean =>
  status === 401 || status === 429 || status >= 500;

function createPasswordProof(deps: RequestDeps, user: string, { passwords }: PeopleInfo): Proof {
  // Asked once for all requests of the session.
  let authorization: Promise<string> | undefined;
  return {
    whom: () => user,
    async next() {
      if (!passwords) throw noPasswords();
      authorization ??= askPassword(deps);
      return { authorization: await authorization, believe: () => Promise.resolve() };
    },
  };
}

const noPasswords = (): Failure =>
  new Failure(EXIT.unauthenticated, "the server takes no passwords", [
    "kinit      then the same command without --ldap",
  ]);
