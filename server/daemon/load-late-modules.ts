import { createServer } from "node:http";
import type { FastifyBaseLogger } from "fastify";
import { CertificateRequests } from "../../protocol/messages.ts";
import { loadDriver } from "../ledger/ledger-file.ts";
import { createApp } from "../routes/app.ts";
import { openapiRoute } from "../routes/openapi.ts";

/**
 * Loads what libraries load only when it is first used (the database driver, the compilers of schemas).
 *
 * To be called before keyserver becomes another user, who may not be able to read the program's files.
 */
export async function loadLateModules(log: FastifyBaseLogger): Promise<void> {
  loadDriver();
  const app = await createApp({ log, createServer: (handler) => createServer(handler) });
  openapiRoute(app);
  // The first route with a schema brings the compiler of schemas.
  app.post("/", { schema: { body: CertificateRequests } }, () => null);
  await app.ready();
  app.swagger();
  await app.close();
}
