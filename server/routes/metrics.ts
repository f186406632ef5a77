import { BlockList, isIPv6 } from "node:net";
import { Type } from "typebox";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { requireOperate } from "../admin/authorize.ts";
import { type Authenticate, sourceOf } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { App } from "./app.ts";

export type MetricsDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly metrics: () => Promise<string>;
  /** Addresses and networks that may read without proof; none on the admin socket, which needs none. */
  readonly from: readonly string[];
};

/** The format that Prometheus asks for (its exposition format, version 0.0.4). */
const FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/**
 * `GET /metrics`: figures for Prometheus. To root on the master, to people who may audit, and over HTTPS to the
 * addresses that server.yaml names: figures tell who works when, so nobody reads them by default.
 */
export function metricsRoute(app: App, { authenticate, policy, metrics, from }: MetricsDeps): void {
  const known = parseSources(from);
  const schema = {
    summary: "Figures for Prometheus",
    security: [{ admin: [] }, { kerberos: [] }, { password: [] }, {}],
    response: { 200: { content: { "text/plain": { schema: Type.String() } } } },
  };
  app.get(ADMIN_PATHS.metrics, { schema }, async (request, reply) => {
    const isKnown =
      request.raw.socket.remoteAddress !== undefined && contains(known, sourceOf(request));
    if (!isKnown) requireOperate(policy().policy, await authenticate(request), "audit");
    return reply.type(FORMAT).send(await metrics());
  });
}

const contains = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv6(address) ? "ipv6" : "ipv4");

/** Addresses and CIDR ranges, which the configuration's schema has looked at. @throws Error for one that is none */
function parseSources(from: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of from) {
    const [address = "", bits] = text.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
