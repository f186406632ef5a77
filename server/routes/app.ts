import { isUtf8 } from "node:buffer";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import { KeysystemError } from "../../protocol/problems.ts";
import { createMutualHook } from "../authenticate/mutual.ts";
import { answerClientError } from "./client-error.ts";
import { answerError, codeOf, createNotFoundAnswer } from "./error-answer.ts";
import { noteMethods } from "./known-methods.ts";
import { BODY_LIMIT, MOST_CONNECTIONS, TIMEOUTS } from "./limits.ts";

/**
 * How callers prove who they are; routes name these in `security`. The plugin's types do not know OpenAPI 3.1's
 * `mutualTLS` (§4.8.27.1), so openapi.ts puts it in the place of `node`.
 */
const SECURITY_SCHEMES = {
  node: { type: "http", scheme: "mutual", description: "A node's identity certificate, in TLS." },
  join: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "`Join <secret>`, the secret of a join string.",
  },
  kerberos: {
    type: "http",
    scheme: "negotiate",
    description:
      "A Kerberos ticket by SPNEGO (RFC 4559), mutual, one round; once for each request.",
  },
  password: {
    type: "http",
    scheme: "basic",
    description: "Name and password of the directory (RFC 7617), where server.yaml allows it.",
  },
  admin: { type: "http", scheme: "none", description: "The admin socket on the master." },
} as const;

/** A fastify instance whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  HttpServer | HttpsServer,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export type AppOptions = {
  readonly log: FastifyBaseLogger;
  /** Schemes of `Authorization` that a caller without identity is told of. */
  readonly schemes?: readonly string[];
  /** Told of every answer; `route` is the path as it was declared. */
  readonly onAnswer?: (route: string, status: number) => void;
  /** Told of every request that ended with a problem, by the problem's code. */
  readonly onRefusal?: (code: string) => void;
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
export async function createApp(options: AppOptions): Promise<App> {
  const { log, schemes = [], createServer } = options;
  const app: App = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerClientError,
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
  refuseBrokenText(app);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.addHook("onSend", createMutualHook(schemes));
  countAnswers(app, options);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(createNotFoundAnswer(noteMethods(app)));
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Keysystem", version: "1" },
      components: { securitySchemes: SECURITY_SCHEMES },
    },
  });
  return app;
}

function countAnswers(app: App, { onAnswer, onRefusal }: AppOptions): void {
  app.addHook("onResponse", (request, reply, done) => {
    // A path that nobody declared is the caller's own word, and would make a label of each.
    onAnswer?.(request.routeOptions.url ?? "none", reply.statusCode);
    done();
  });
  app.addHook("onError", (_request, _reply, error, done) => {
    onRefusal?.(codeOf(error));
    done();
  });
}

/** JSON is UTF-8 (RFC 8259 §8.1): bytes that are not would be taken for another text than was sent. */
function refuseBrokenText(app: App): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<Buffer>(
    "application/json",
    { parseAs: "buffer" },
    (request, body, done) => {
      if (isUtf8(body)) void parse(request, body.toString(), done);
      else done(new KeysystemError("request.malformed", "the body is not UTF-8 (RFC 8259 §8.1)"));
    },
  );
}
