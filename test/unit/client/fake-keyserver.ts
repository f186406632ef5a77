import { EXIT } from "../../../protocol/exit-codes.ts";
import { CertificateRequests, type GrantOffer } from "../../../protocol/messages.ts";
import { PATHS } from "../../../protocol/paths.ts";
import { problemOf, type ErrorCode } from "../../../protocol/problems.ts";
import { Check } from "typebox/value";
import { Failure } from "../../../client/terminal/failure.ts";
import { formatTime } from "../../../client/terminal/duration.ts";
import type { Call, Transport } from "../../../client/connection/transport.ts";
import { makeAuthority, makeSshAuthority, type Leaf } from "./small-authority.ts";

const DAY = 86_400;

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

/** Makes one that gives identity, web, api and ssh-host. `now` in milliseconds since 1970. */
export async function makeKeyserver(now: () => number): Promise<FakeKeyserver> {
  const begin = now() / 1000;
  const nodes = await makeAuthority("nodes", begin);
  const services = await makeAuthority("services", begin);
  const hosts = makeSshAuthority();
  const fault: FakeKeyserver["fault"] = {
    down: false,
    ahead: 0,
    whole: undefined,
    forge: undefined,
    refused: new Map(),
    withdrawn: new Set(),
    renewIssuedBefore: undefined,
  };
  const calls: Call[] = [];
  const ssh: GrantOffer = {
    grant: "ssh-host",
    verb: "issue",
    authority: "ssh-host",
    kind: "ssh-host",
    keys: ["ed25519"],
    names: ["w1.example"],
  };
  const all = [tls("web", "services"), tls("identity", "nodes"), ssh, tls("api", "services")];

  const offers = (): readonly GrantOffer[] =>
    all
      .filter(({ grant }) => !fault.withdrawn.has(grant))
      .map((offer) =>
        fault.renewIssuedBefore === undefined
          ? offer
          : { ...offer, renewIssuedBefore: fault.renewIssuedBefore },
      );

  const sign = (offer: GrantOffer, csr: string, publicKey: string) => {
    const at = now() / 1000;
    const times = { notBefore: at - 300, notAfter: at + 30 * DAY };
    const usage = offer.authority === "nodes" ? (["client"] as const) : (["server"] as const);
    const usual: Leaf = { cn: offer.grant, dns: offer.names ?? [], usage, ...times };
    const leaf = fault.forge?.(offer.grant, usual) ?? usual;
    if (offer.kind === "ssh-host")
      return { ...hosts.sign(publicKey, leaf.dns ?? [], times), times };
    const authority = offer.authority === "nodes" ? nodes : services;
    return { ...authority.sign(csr, leaf), times };
  };

  const issue = (body: unknown) => {
    if (!Check(CertificateRequests, body)) throw new TypeError("not what the protocol says");
    return body.requests.map(({ grant, csr = "", publicKey = "" }) => {
      const code = fault.refused.get(grant);
      const offer = all.find((each) => each.grant === grant);
      if (code !== undefined || offer === undefined)
        return { problem: problemOf(code ?? "policy.unknown_grant") };
      const { certificate, serial, times } = sign(offer, csr, publicKey);
      const at = now();
      return {
        grant,
        certificate,
        chain: [],
        serial,
        notBefore: formatTime(times.notBefore * 1000),
        notAfter: formatTime(times.notAfter * 1000),
        renew: {
          after: formatTime(at + 20 * DAY * 1000),
          before: formatTime(at + 22 * DAY * 1000),
        },
      };
    });
  };

  const answer = (call: Call): unknown => {
    if (call.path === PATHS.certificates) {
      return { results: issue(call.body), checkpoint: { size: 1, head: "" } };
    }
    if (call.path === PATHS.grants) {
      const refused = [...fault.withdrawn].map((grant) => ({
        grant,
        problem: problemOf("policy.not_granted", "line 67 gives it to masters"),
      }));
      return { subject: "node:w1", node: "w1", now: formatTime(now()), grants: offers(), refused };
    }
    const authorities = [
      { name: "nodes", kind: "tls", anchors: [nodes.anchor] },
      { name: "services", kind: "tls", anchors: [services.anchor] },
      { name: "ssh-host", kind: "ssh-host", anchors: [hosts.anchor] },
    ];
    return { cluster: "c", domain: "example", authorities };
  };

  const transport: Transport = {
    call: (call) => {
      calls.push(call);
      if (fault.down) return Promise.reject(new Failure(EXIT.unreachable, "m1: refused", ["wait"]));
      const { ahead, whole } = fault;
      const problem = whole === undefined ? undefined : problemOf(whole);
      const body = problem ?? answer(call);
      return Promise.resolve({ status: problem?.status ?? 200, body, ahead, server: "m1:20557" });
    },
    close: () => undefined,
  };
  const anchors = { nodes: nodes.anchor, services: services.anchor };
  return { transport, calls, fault, anchors, signIdentity: nodes.sign };
}
