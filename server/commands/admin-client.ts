import { request } from "node:http";
import type { Static } from "typebox";
import type * as messages from "../../protocol/admin-messages.ts";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";

type Messages = typeof messages;

/** Asks the running keyserver over its admin socket; answers are called as in admin-messages.ts. */
export type AdminClient = {
  get<N extends keyof Messages>(answer: N, path: string): Promise<Static<Messages[N]>>;
  post<N extends keyof Messages>(
    answer: N,
    path: string,
    body: unknown,
  ): Promise<Static<Messages[N]>>;
  delete(path: string): Promise<void>;
};

type Answer = { readonly status: number; readonly body: string };

/** A client for the keyserver under these paths; every failure is an OperatorError with what to type next. */
export function createAdminClient({ adminSocket, root }: ServerPaths): AdminClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await send(adminSocket, { method, path, body }).catch((cause: unknown) => {
      throw unreachable(cause, { adminSocket, root });
    });
    const value: unknown = answer.body === "" ? null : JSON.parse(answer.body);
    if (answer.status < 300) return value;
    throw await refused(value);
  };
  return {
    get: async (answer, path) => parseAnswer(answer, await ask("GET", path)),
    post: async (answer, path, body) => parseAnswer(answer, await ask("POST", path, body)),
    delete: async (path) => void (await ask("DELETE", path)),
  };
}

/** Schemas are slow to load, and most commands on policies ask nobody. */
async function parseAnswer<N extends keyof Messages>(
  name: N,
  value: unknown,
): Promise<Static<Messages[N]>> {
  const { Value } = await import("typebox/value");
  const schemas = await import("../../protocol/admin-messages.ts");
  return Value.Parse(schemas[name], value);
}

function send(
  socketPath: string,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: unknown },
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, headers, timeout: 30_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    asking.on("timeout", () => asking.destroy(new Error("no answer in 30 s")));
    asking.on("error", reject);
    asking.end(text);
  });
}

function unreachable(
  cause: unknown,
  { adminSocket, root }: Pick<ServerPaths, "adminSocket" | "root">,
): OperatorError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const options = { exitCode: EXIT.unreachable, cause };
  if (code === "EACCES") {
    const hint = "the admin socket is root's: run it with sudo";
    return new OperatorError(`not allowed to open ${adminSocket}`, {
      cause,
      hint,
      exitCode: EXIT.unauthenticated,
    });
  }
  const run = root === "/" ? "systemctl start keyserver" : `keyserver run --root ${root}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  const stopped = code === "ENOENT" || code === "ECONNREFUSED";
  return new OperatorError(
    stopped ? `keyserver is not running: nobody answers on ${adminSocket}` : why,
    {
      ...options,
      hint: `start it: ${run}`,
    },
  );
}

const EXIT_BY_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.unauthenticated,
  403: EXIT.denied,
  404: EXIT.usage,
  409: EXIT.usage,
  503: EXIT.unreachable,
};

async function refused(value: unknown): Promise<OperatorError> {
  const { Value } = await import("typebox/value");
  const { ProblemSchema } = await import("../../protocol/messages.ts");
  if (!Value.Check(ProblemSchema, value))
    return new OperatorError("keyserver answered no problem details");
  const { title, detail, status } = value;
  return new OperatorError(detail ?? title, {
    exitCode: EXIT_BY_STATUS[status] ?? EXIT.unexpected,
  });
}
