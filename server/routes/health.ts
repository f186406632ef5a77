import { Health } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { App } from "./app.ts";

export type HealthDeps = {
  readonly health: () => Health;
  readonly readiness: () => Promise<Health>;
};

/**
 * `GET /healthz`: the process answers, 200 also where a check says that the policy on disk is not in force.
 * `GET /readyz`: it can sign, or what keeps it from signing.
 */
export function healthRoutes(app: App, { health, readiness }: HealthDeps): void {
  const alive = { summary: "The process answers", response: { 200: Health } };
  app.get(PATHS.healthz, { schema: alive }, () => health());

  const ready = { summary: "It can sign", response: { 200: Health, 503: Health } };
  app.get(PATHS.readyz, { schema: ready }, async (_request, reply) => {
    const found = await readiness();
    return reply.code(found.status === "ok" ? 200 : 503).send(found);
  });
}
