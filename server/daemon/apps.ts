import { randomBytes } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import type { Server } from "node:https";
import type { FastifyBaseLogger } from "fastify";
import { authenticateAdmin, createHttpsAuthenticator } from "../authenticate/authenticate.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import { createNodeAuthenticator } from "../authenticate/node.ts";
import type { Inform } from "../authenticate/inform.ts";
import type { Policy } from "../../policy/decision.ts";
import { grantsWith } from "../../policy/facts.ts";
import { KeysystemError, toProblem } from "../../protocol/problems.ts";
import { createBatchSigner } from "../issue/batch-signer.ts";
import { createIssuer } from "../issue/issuer.ts";
import { createJoiner } from "../issue/join.ts";
import { type App, createApp } from "../routes/app.ts";
import { certificatesRoute } from "../routes/certificates.ts";
import { grantsRoute } from "../routes/grants.ts";
import { healthRoutes } from "../routes/health.ts";
import { inventoryRoutes } from "../routes/inventory.ts";
import { joinRoute } from "../routes/join.ts";
import { membersRoute } from "../routes/members.ts";
import { metricsRoute } from "../routes/metrics.ts";
import { nodeRoutes } from "../routes/nodes.ts";
import { openapiRoute } from "../routes/openapi.ts";
import { overviewRoutes } from "../routes/overview.ts";
import { tokenRoutes } from "../routes/tokens.ts";
import { trustRoutes } from "../routes/trust.ts";
import { createHttpsServer } from "./https-server.ts";
import type { Parts } from "./parts.ts";
import { lookUp } from "./present.ts";
import { checkHealth, checkReadiness } from "./readiness.ts";
import { describeAuthorities, describeStatus } from "./status.ts";
import { createTrustView } from "./trust-holder.ts";

/** Both doors of the daemon: the same routes, entered by different proof. */
export type Apps = { readonly https: App; readonly admin: App; readonly tlsServer: () => Server };

/** Wires the routes to what they need; nothing listens yet. */
export async function createApps(parts: Parts): Promise<Apps> {
  const { log, people, metrics } = parts;
  const counts = { onAnswer: metrics.countRequest, onRefusal: metrics.countRefusal };
  let tls: Server | undefined;
  const https = await createApp({
    log,
    ...counts,
    schemes: people.schemes,
    createServer(handler) {
      const { anchor } = parts.inForce().authorities.nodes;
      tls = createHttpsServer({ own: parts.ownCertificate(), anchor }, handler);
      return tls;
    },
  });
  const admin = await createApp({
    log,
    ...counts,
    createServer: (handler) => createHttpServer(handler),
  });
  const node = createNodeAuthenticator({
    policy: () => parts.inForce().active.policy,
    ledger: parts.ledger,
    now: parts.now,
  });
  const add = createRoutes(parts);
  add(https, createHttpsAuthenticator({ node, ...people.ways }));
  add(admin, authenticateAdmin);
  return {
    https,
    admin,
    tlsServer() {
      if (tls === undefined) throw new TypeError("the HTTPS server is made with its app");
      return tls;
    },
  };
}

/** One set of parts behind both doors. */
function createRoutes(parts: Parts): (app: App, authenticate: Authenticate) => void {
  const { ledger, serials, now, inForce, log } = parts;
  const policy = () => inForce().active;
  const sign = createBatchSigner(parts.signer);
  const { countIssued: onIssued, countRefusal } = parts.metrics;
  const onRefusal = refusalLog(log, countRefusal);
  const issuer = createIssuer({ policy, ledger, sign, serials, now, onRefusal, onIssued });
  const redeem = createJoiner({ policy, ledger, sign, serials, now, onIssued });
  const pin = () => Buffer.from(inForce().authorities.nodes.fingerprint, "hex");
  const servers = parts.config.advertise;
  const { inform } = parts.people;
  const trust = createTrustView({
    trust: () => inForce().authorities.trust,
    people: () => parts.people.info(),
  });

  return (app, prove) => {
    const authenticate = withFacts(prove, inform, () => policy().policy);
    trustRoutes(app, { trust });
    joinRoute(app, { redeem });
    certificatesRoute(app, { authenticate: prove, inform, issuer, ledger, now });
    grantsRoute(app, { authenticate: prove, inform, policy, now });
    healthRoutes(app, {
      health: () => checkHealth(parts.keeper.standing),
      readiness: () => checkReadiness({ ...parts, policy }),
    });
    metricsRoute(app, {
      authenticate,
      policy,
      metrics: async () => parts.metrics.render(await lookUp(parts)),
      from: parts.config.metrics?.from ?? [],
    });
    tokenRoutes(app, { authenticate, policy, ledger, randomBytes, servers, pin, now });
    nodeRoutes(app, { authenticate, policy, ledger, now });
    inventoryRoutes(app, { authenticate, policy, ledger, now });
    overviewRoutes(app, {
      authenticate,
      policy,
      status: () => describeStatus(parts),
      authorities: async () => ({ authorities: await describeAuthorities(parts) }),
      keeper: parts.keeper,
    });
    membersRoute(app, {
      authenticate,
      policy,
      members: async (facts) => [...(await parts.people.members(facts))],
    });
    openapiRoute(app);
  };
}

/** For the routes of operators: what the policy wants to know before it lets a person admit or operate. */
const withFacts =
  (prove: Authenticate, inform: Inform, policy: () => Policy): Authenticate =>
  async (request) =>
    inform(await prove(request), grantsWith(policy(), ["admit", "operate"]));

const refusalLog =
  (
    log: FastifyBaseLogger,
    count: (code: string) => void,
  ): NonNullable<Parameters<typeof createIssuer>[0]["onRefusal"]> =>
  ({ subject, from }, grant, err) => {
    count(err instanceof KeysystemError ? err.code : "internal");
    log.info({ subject, from, grant, problem: toProblem(err) }, "refused");
  };
