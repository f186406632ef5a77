import { join } from "node:path";
import { createOutput } from "../../../client/terminal/output.ts";
import type { Call, Answer, Transport } from "../../../client/connection/transport.ts";
import { writeCluster, writeTrust, type Cluster } from "../../../client/request/session/cluster.ts";
import type { RequestDeps } from "../../../client/request/deps.ts";
import { placesOf } from "../../../client/request/places.ts";
import type { Grants, PeopleInfo, Trust } from "../../../protocol/messages.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { makeRoot } from "../client/scratch.ts";

/** 2027-01-15T08:00:00Z, in milliseconds. */
export const NOW = 1_800_000_000_000;

/** A principal of the service that the fake server publishes. */
export const SERVICE = "HTTP/m1.example@EXAMPLE.EDU";

/** What a test turns at the far edge of the network. */
export type Edge = {
  trust: Trust;
  grants: Grants;
  /** Answers to everything but trust and grants, by path. */
  readonly answers: Map<string, unknown>;
  /** `WWW-Authenticate` of an answer to `Negotiate TOKEN`; by default what the fake KDC expects. */
  challenge: (token: string) => string | undefined;
  status: number;
  ahead: number;
  /** Thrown instead of an answer. */
  error: Error | undefined;
};

/** Somebody with an empty home, a fake server and a fake KDC. */
export type FakePerson = {
  readonly deps: RequestDeps;
  readonly cluster: Cluster;
  readonly edge: Edge;
  /** Everything that left the machine, in order: `GET /v1/trust`, `KDC HTTP/…`, `GET /v1/grants Negotiate t1`. */
  readonly log: string[];
  readonly calls: Call[];
  /** What a command said, by stream. */
  readonly said: { out: string; err: string };
  readonly output: (json?: boolean) => ReturnType<typeof createOutput>;
};

const people: PeopleInfo = { kerberos: SERVICE, passwords: false };

const trust: Trust = {
  cluster: "hyades",
  domain: "hyades.example",
  authorities: [{ name: "nodes", kind: "tls", anchors: ["the anchor"] }],
  people,
};

const grants: Grants = {
  subject: "kerberos:cela@EXAMPLE.EDU",
  now: "2027-01-15T08:00:00Z",
  grants: [],
  refused: [],
  groups: [],
  directories: [],
};

/** Makes one; `changes` goes over the dependencies. */
export function makePerson(changes: Partial<RequestDeps> = {}): FakePerson {
  const home = makeRoot();
  const log: string[] = [];
  const calls: Call[] = [];
  const said = { out: "", err: "" };
  const edge: Edge = {
    trust,
    grants,
    answers: new Map(),
    challenge: (token) => `Negotiate answer+to+${token}`,
    status: 200,
    ahead: 0,
    error: undefined,
  };
  const deps: RequestDeps = {
    places: placesOf(home, {}),
    now: () => NOW,
    environment: { HOME: home, PATH: join(home, "no-programs") },
    terminal: {
      isInteractive: () => false,
      ask: () => Promise.reject(new TypeError("nobody is to be asked")),
      askSecret: () => Promise.reject(new TypeError("nobody is to be asked")),
    },
    readStdin: () => Promise.reject(new TypeError("standard input is not to be read")),
    user: "cela",
    uid: process.geteuid?.() ?? 0,
    connect: () => transportOf(edge, log, calls),
    negotiate: negotiateWith(log),
    how: { kind: "kerberos" },
    ...changes,
  };
  const cluster = writeCluster(deps, {
    name: "hyades",
    domain: "hyades.example",
    servers: ["m1.example:20557"],
    pin: `sha256:${"0".repeat(64)}`,
    people,
  });
  writeTrust(deps, cluster.places, trust);
  const output = (json = false) =>
    createOutput(
      { json, quiet: false, verbose: false, color: false, program: "keyreq" },
      {
        stdout: { write: (text) => (said.out += text) },
        stderr: { write: (text) => (said.err += text) },
      },
    );
  return { deps, cluster, edge, log, calls, said, output };
}

/** A KDC that gives `t1`, `t2`, … and takes for an answer what {@link Edge.challenge} makes of them. */
function negotiateWith(log: string[]): RequestDeps["negotiate"] {
  let count = 0;
  return (service) => {
    count += 1;
    const token = `t${count}`;
    log.push(`KDC ${service}`);
    return Promise.resolve({
      token,
      verify: (answer) =>
        answer === `answer+to+${token}`
          ? Promise.resolve("cela@EXAMPLE.EDU")
          : Promise.reject(new Failure(6, "the server's answer does not prove …", ["look"])),
    });
  };
}

const transportOf = (edge: Edge, log: string[], calls: Call[]): Transport => ({
  call(call) {
    const proof = call.authorization === undefined ? "" : ` ${call.authorization}`;
    log.push(`${call.method} ${call.path}${proof}`);
    calls.push(call);
    if (edge.error !== undefined) return Promise.reject(edge.error);
    return Promise.resolve(answerTo(edge, call));
  },
  close: () => undefined,
});

function answerTo(edge: Edge, { path, authorization }: Call): Answer {
  const common = { ahead: edge.ahead, server: "m1.example:20557" };
  if (path === PATHS.trust) return { ...common, status: 200, body: edge.trust };
  const token = /^Negotiate (.*)$/.exec(authorization ?? "")?.[1];
  const challenge = token === undefined ? undefined : edge.challenge(token);
  const body = path === PATHS.grants && edge.status < 400 ? edge.grants : edge.answers.get(path);
  return {
    ...common,
    status: edge.status,
    body,
    ...(challenge === undefined ? {} : { challenge }),
  };
}
