import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerError, answerNotFound } from "./error-answer.ts";

/** A fastify instance whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  HttpServer | HttpsServer,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Bytes of a request's body; a batch of 32 requests fits. */
export const BODY_LIMIT = 64 * 1024;

/** Milliseconds. Nothing that a client does or leaves undone holds a connection for longer. */
export const TIMEOUTS = {
  handshake: 10_000,
  headers: 10_000,
  request: 30_000,
  idle: 65_000,
} as const;

/** Connections that one listener keeps open; the kernel queues those beyond it. */
const MOST_CONNECTIONS = 10_000;

export type AppOptions = {
  readonly log: FastifyBaseLogger;
  /** Makes the server that requests come in by. */
  readonly createServer: (
    handler: (request: IncomingMessage, answer: ServerResponse) => void,
  ) => HttpServer | HttpsServer;
};

/**
 * An app without routes: strict about what it takes, silent about its inside.
 *
 * Answers are not run through their schemas: what is answered is typed, and the schemas are there for OpenAPI.
 */
export async function createApp({ log, createServer }: AppOptions): Promise<App> {
  const app: App = fastify({
    loggerInstance: log,
    disableRequestLogging: true,
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    requestTimeout: TIMEOUTS.request,
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: false,
      },
    },
    serverFactory(handler) {
      const server = createServer(handler);
      server.headersTimeout = TIMEOUTS.headers;
      server.requestTimeout = TIMEOUTS.request;
      server.keepAliveTimeout = TIMEOUTS.idle;
      server.maxHeadersCount = 64;
      server.maxConnections = MOST_CONNECTIONS;
      return server;
    },
  });
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);
  await app.register(swagger, {
    openapi: { openapi: "3.1.0", info: { title: "Keysystem", version: "1" } },
  });
  return app;
}
