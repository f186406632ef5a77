import { EXIT } from "../../../protocol/exit-codes.ts";
import {
  CertificateRequests,
  type CertificateRequest,
  type GrantOffer,
  type Grants,
  type IssuedCertificate,
  type Trust,
} from "../../../protocol/messages.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { problemOf, type ErrorCode } from "../../../protocol/problems.ts";
import { Check } from "typebox/value";
import { Failure } from "../../../client/terminal/failure.ts";
import { formatTime } from "../../../client/terminal/duration.ts";
import type { Call, Transport } from "../../../client/connection/transport.ts";
import {
  makeAuthority,
  makeSshAuthority,
  type Leaf,
  type SmallAuthority,
  type SmallSshAuthority,
} from "./small-authority.ts";

const DAY = 86_400_000;

/** A keyserver at the far edge of the network, with real authorities and a switch for every fault. */
export type FakeKeyserver = {
  readonly transport: Transport;
  readonly calls: Call[];
  /** What tests turn. */
  readonly fault: {
    down: boolean;
    /** Milliseconds by which its clock is ahead. */
    ahead: number;
    whole: ErrorCode | undefined;
    /** Changes what is signed for a grant. */
    forge: ((grant: string, leaf: Leaf) => Leaf) | undefined;
    readonly refused: Map<string, ErrorCode>;
    readonly withdrawn: Set<string>;
    renewIssuedBefore: string | undefined;
  };
  readonly anchors: { readonly nodes: string; readonly services: string };
  /** A PEM certificate of authority `nodes` for a request. */
  readonly signIdentity: (
    csr: string,
    leaf: Leaf,
  ) => { readonly certificate: string; readonly serial: string };
};

const tls = (grant: string, authority: string): GrantOffer => ({
  grant,
  verb: "issue",
  authority,
  kind: "tls",
  keys: ["ecdsa-p256"],
  cn: grant,
  names: authority === "nodes" ? [] : [`${grant}.example`],
  usage: authority === "nodes" ? ["client"] : ["server"],
});

const SSH_HOST: GrantOffer = {
  grant: "ssh-host",
  verb: "issue",
  authority: "ssh-host",
  kind: "ssh-host",
  keys: ["ed25519"],
  names: ["w1.example"],
};
const OFFERS = [tls("web", "services"), tls("identity", "nodes"), SSH_HOST, tls("api", "services")];

type Parts = {
  readonly nodes: SmallAuthority;
  readonly services: SmallAuthority;
  readonly hosts: SmallSshAuthority;
  readonly fault: FakeKeyserver["fault"];
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Makes one that gives identity, web, api and ssh-host. `now` in milliseconds since 1970. */
export async function makeKeyserver(now: () => number): Promise<FakeKeyserver> {
  const begin = now() / 1000;
  const nodes = await makeAuthority("nodes", begin);
  const services = await makeAuthority("services", begin);
  const hosts = makeSshAuthority();
  const fault = noFault();
  const calls: Call[] = [];
  const transport: Transport = {
    call: (call) => {
      calls.push(call);
      if (fault.down) return Promise.reject(new Failure(EXIT.unreachable, "m1: refused", ["wait"]));
      const { ahead, whole } = fault;
      const problem = whole === undefined ? undefined : problemOf(whole);
      const body = problem ?? answer({ nodes, services, hosts, fault, now }, call);
      return Promise.resolve({ status: problem?.status ?? 200, body, ahead, server: "m1:20557" });
    },
    close: () => undefined,
  };
  const anchors = { nodes: nodes.anchor, services: services.anchor };
  return { transport, calls, fault, anchors, signIdentity: nodes.sign };
}

const noFault = (): FakeKeyserver["fault"] => ({
  down: false,
  ahead: 0,
  whole: undefined,
  forge: undefined,
  refused: new Map(),
  withdrawn: new Set(),
  renewIssuedBefore: undefined,
});

function answer(parts: Parts, call: Call): unknown {
  if (call.path === PATHS.certificates) {
    return { results: issue(parts, call.body), checkpoint: { size: 1, head: "" } };
  }
  return call.path === PATHS.grants ? grants(parts) : trust(parts);
}

function grants({ fault, now }: Parts): Grants {
  const forward =
    fault.renewIssuedBefore === undefined ? {} : { renewIssuedBefore: fault.renewIssuedBefore };
  const given = OFFERS.filter(({ grant }) => !fault.withdrawn.has(grant));
  const refused = [...fault.withdrawn].map((grant) => ({
    grant,
    problem: problemOf("policy.not_granted", "line 67 gives it to masters"),
  }));
  const offers = given.map((offer) => ({ ...offer, ...forward }));
  return { subject: "node:w1", node: "w1", now: formatTime(now()), grants: offers, refused };
}

const trust = ({ nodes, services, hosts }: Parts): Trust => ({
  cluster: "c",
  domain: "example",
  authorities: [
    { name: "nodes", kind: "tls", anchors: [nodes.anchor] },
    { name: "services", kind: "tls", anchors: [services.anchor] },
    { name: "ssh-host", kind: "ssh-host", anchors: [hosts.anchor] },
  ],
});

function issue(parts: Parts, body: unknown) {
  if (!Check(CertificateRequests, body)) throw new TypeError("not what the protocol says");
  return body.requests.map((request) => {
    const code = parts.fault.refused.get(request.grant);
    const offer = OFFERS.find(({ grant }) => grant === request.grant);
    if (code !== undefined || offer === undefined) {
      return { problem: problemOf(code ?? "policy.unknown_grant") };
    }
    return issueOne(parts, offer, request);
  });
}

function issueOne(parts: Parts, offer: GrantOffer, request: CertificateRequest): IssuedCertificate {
  const at = parts.now();
  const times = { notBefore: at / 1000 - 300, notAfter: (at + 30 * DAY) / 1000 };
  return {
    grant: offer.grant,
    ...sign(parts, offer, request, times),
    chain: [],
    notBefore: formatTime(times.notBefore * 1000),
    notAfter: formatTime(times.notAfter * 1000),
    renew: { after: formatTime(at + 20 * DAY), before: formatTime(at + 22 * DAY) },
  };
}

function sign(
  { nodes, services, hosts, fault }: Parts,
  { grant, authority, kind, names = [] }: GrantOffer,
  { csr = "", publicKey = "" }: CertificateRequest,
  times: Pick<Leaf, "notBefore" | "notAfter">,
) {
  if (kind === "ssh-host") return hosts.sign(publicKey, names, times);
  const usage = authority === "nodes" ? (["client"] as const) : (["server"] as const);
  const leaf: Leaf = { cn: grant, dns: names, usage, ...times };
  const signer = authority === "nodes" ? nodes : services;
  return signer.sign(csr, fault.forge?.(grant, leaf) ?? leaf);
}
