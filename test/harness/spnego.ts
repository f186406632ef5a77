import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Value } from "typebox/value";
import {
  type AcceptedToken,
  type AcceptorFiles,
  type Refused,
  type SpnegoCall,
  SpnegoReply,
} from "./spnego-messages.ts";

type Result = SpnegoReply["result"];
export type TokenOptions = Omit<
  Extract<SpnegoCall, { readonly call: "token" }>,
  "call" | "service"
>;

/** A client of the package `kerberos` in a process of its own. */
export type SpnegoClient = {
  /** The base64 of a first token for `HTTP@host`. @throws Error with the words of GSS-API */
  token(service: string, options?: TokenOptions): Promise<string>;
  /** `complete` when the answer to `token` proves the server, else what the library says. */
  verify(token: string, answer: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The server's side (server/authenticate/kerberos.ts) in a process of its own. */
export type SpnegoAcceptor = {
  accept(token: string): Promise<AcceptedToken | Refused>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts a client that sees `environment` (a ticket cache, a clock) and nothing else. */
export function startSpnegoClient(environment: Readonly<Record<string, string>>): SpnegoClient {
  const { ask, end } = startProgram(environment);
  return {
    async token(service, options = {}) {
      return expectText(await ask({ call: "token", service, ...options }));
    },
    async verify(token, answer) {
      const result = await ask({ call: "verify", token, answer });
      return typeof result === "object" && "code" in result ? result.message : expectText(result);
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Starts an acceptor for `service`, with the keytab and the replay cache given. */
export async function startSpnegoAcceptor(
  environment: Readonly<Record<string, string>>,
  files: AcceptorFiles,
): Promise<SpnegoAcceptor> {
  const { ask, end } = startProgram(environment);
  expectText(await ask({ call: "open", ...files }));
  return {
    async accept(token) {
      const result = await ask({ call: "accept", token });
      if (typeof result === "string") throw new Error(result);
      return result;
    },
    [Symbol.asyncDispose]: end,
  };
}

function startProgram(env: Readonly<Record<string, string>>): {
  readonly ask: (call: SpnegoCall) => Promise<Result>;
  readonly end: () => Promise<void>;
} {
  const program = fileURLToPath(new URL("spnego-main.ts", import.meta.url));
  const child = fork(program, [], {
    env,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  let last = 0;
  child.on("message", (message) => {
    const { id, result } = Value.Parse(SpnegoReply, message);
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (code, signal) => {
      const error = new Error(`spnego-main.ts ended with ${code ?? signal ?? "nothing"}`);
      for (const { reject } of waiting.values()) reject(error);
      resolve();
    });
  });
  return {
    ask(call) {
      last += 1;
      const reply = Promise.withResolvers<Result>();
      waiting.set(last, reply);
      child.send({ id: last, call });
      return reply.promise;
    },
    end() {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

function expectText(result: Result): string {
  if (typeof result === "string") return result;
  throw new Error("code" in result ? result.message : "an unexpected answer");
}
