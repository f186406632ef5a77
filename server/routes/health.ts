import { Health } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { App } from "./app.ts";

export type HealthDeps = { readonly readiness: () => Promise<Health> };

/** `GET /healthz`: the process answers. `GET /readyz`: it can sign, or what keeps it from signing. */
export function healthRoutes(app: App, { readiness }: HealthDeps): void {
  const alive = { summary: "The process answers", response: { 200: Health } };
  app.get(PATHS.healthz, { schema: alive }, () => ({ status: "ok" as const, checks: [] }));

  const ready = { summary: "It can sign", response: { 200: Health, 503: Health } };
  app.get(PATHS.readyz, { schema: ready }, async (_request, reply) => {
    const health = await readiness();
    return reply.code(health.status === "ok" ? 200 : 503).send(health);
  });
}
