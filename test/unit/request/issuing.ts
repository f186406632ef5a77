import { Value } from "typebox/value";
import type { RequestDeps } from "../../../client/request/deps.ts";
import { Failure } from "../../../client/terminal/failure.ts";
import { findCluster, writeCluster } from "../../../client/request/session/cluster.ts";
import {
  CertificateRequests,
  type GrantOffer,
  type PeopleInfo,
  type RefusedGrant,
} from "../../../protocol/messages.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { makeAuthority, type SmallAuthority } from "../client/small-authority.ts";
import { makePerson, NOW, type FakePerson } from "./person.ts";

const SECONDS = NOW / 1000;
const AUTHORITIES = ["nodes", "kubernetes", "etcd-client", "etcd-server"];
const TLS: readonly SmallAuthority[] = await Promise.all(
  AUTHORITIES.map((name) => makeAuthority(name, SECONDS)),
);

/** A certificate of these authorities; the anchor as everybody knows it. */
export const anchorOf = (name: string): string =>
  TLS.find((authority) => authority.name === name)?.anchor ?? "";

/** A grant that gives a client certificate. */
export const clientOffer = (
  grant: string,
  authority: string,
  more: Partial<GrantOffer> = {},
): GrantOffer => ({
  grant,
  verb: "issue",
  authority,
  kind: "tls",
  keys: ["ecdsa-p256", "rsa-3072"],
  lifetime: 3600,
  cn: `${grant}:cela`,
  o: [],
  names: [],
  usage: ["client"],
  ...more,
});

/** A person whose server signs; what it was asked for is in `requests`. */
export type IssuedPerson = FakePerson & {
  readonly requests: CertificateRequests["requests"];
  /** Sets the clock of both sides, in milliseconds after {@link NOW}. */
  readonly wait: (milliseconds: number) => void;
  readonly refuse: (...refused: readonly RefusedGrant[]) => void;
};

/** Somebody who may have `offers`. */
export function makeIssuedPerson(
  offers: readonly GrantOffer[],
  changes: Partial<RequestDeps> & { readonly people?: Partial<PeopleInfo> } = {},
): IssuedPerson {
  const { people = {}, ...rest } = changes;
  const requests: CertificateRequests["requests"] = [];
  let later = 0;
  const person = makePerson({ now: () => NOW + later, ...rest });
  const { cluster, edge } = person;
  writeCluster(person.deps, { ...cluster, people: { ...cluster.people, ...people } });
  edge.trust = {
    ...edge.trust,
    authorities: TLS.map(({ name, anchor }) => ({ name, kind: "tls", anchors: [anchor] })),
  };
  edge.grants = { ...edge.grants, grants: [...offers] };
  const sign = (body: unknown): unknown => {
    const asked = Value.Parse(CertificateRequests, body).requests;
    requests.push(...asked);
    return { results: asked.map((one) => issue(offers, one, later)), checkpoint: CHECKPOINT };
  };
  const deps: RequestDeps = {
    ...person.deps,
    connect: (options) => {
      const transport = person.deps.connect(options);
      return {
        ...transport,
        call: (call) => {
          if (call.path === PATHS.certificates && edge.status === 200) {
            edge.answers.set(call.path, sign(call.body));
          }
          return transport.call(call);
        },
      };
    },
  };
  return {
    ...person,
    deps,
    cluster: findCluster(deps),
    requests,
    wait: (milliseconds) => (later += milliseconds),
    refuse: (...refused) => (edge.grants = { ...edge.grants, grants: [], refused: [...refused] }),
  };
}

const CHECKPOINT = { size: 1, head: "00" };

const rfc3339 = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

function issue(
  offers: readonly GrantOffer[],
  { grant, csr = "", lifetime }: CertificateRequests["requests"][number],
  later: number,
): unknown {
  const offer = offers.find((each) => each.grant === grant);
  const begin = Math.floor(SECONDS + later / 1000) - 300;
  const notAfter = begin + 300 + (lifetime ?? offer?.lifetime ?? 3600);
  const times = { notBefore: begin, notAfter };
  const authority = TLS.find(({ name }) => name === offer?.authority);
  const cn = offer?.cn === undefined ? {} : { cn: offer.cn };
  const signed = authority?.sign(csr, { ...times, ...cn, usage: ["client"] });
  const [notBefore, after, before] = [begin, notAfter - 60, notAfter].map(rfc3339);
  return { grant, ...signed, chain: [], notBefore, notAfter: before, renew: { after, before } };
}

/** The failure that a command ends with. @throws Error when it ends otherwise */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error(`no failure but ${String(error)}`);
}

/** A terminal on which these answers are typed, in this order. */
export function typing(...answers: readonly string[]): RequestDeps["terminal"] {
  const rest = [...answers];
  const ask = (): Promise<string> => Promise.resolve(rest.shift() ?? "");
  return { isInteractive: () => true, ask, askSecret: ask };
}
