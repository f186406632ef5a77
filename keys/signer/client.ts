import { openConnection, type Connection, type Question } from "./connection.ts";
import type {
  AuthorityInfo,
  SignerReply,
  SignRequest,
  SignResult,
  SignServerRequest,
} from "./messages.ts";
import { SignerError, type SignerErrorCode } from "./signer-error.ts";

/** Milliseconds for one question. */
const DEADLINE = 10_000;
/** Milliseconds between attempts to connect: the first, doubled each time up to the last. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * keyserver's way to the signer, over one connection. Every promise settles within ten seconds, and
 * rejects with SignerError: `signer.unavailable`, or what an operation says below.
 */
export type SignerClient = {
  /** Results are in the order of the batch. `policyHash` is that of the policy that decided here. */
  sign(policyHash: string, batch: readonly SignRequest[]): Promise<readonly SignResult[]>;
  signServer(request: SignServerRequest): Promise<SignResult>;
  authorities(): Promise<readonly AuthorityInfo[]>;
  /** Has the signer load the applied policy anew; rejects with `configuration.invalid` when it cannot. */
  reload(): Promise<SignerStatus>;
  status(): Promise<SignerStatus>;
  close(): void;
};

/** Hash of the policy that the signer has loaded, and signatures since it started. */
export type SignerStatus = { readonly policy: string; readonly signed: number };

/** Gives a client at once; it connects when it is first asked, and again when the connection broke. */
export function connectSigner(path: string): SignerClient {
  const connected = createConnector(path);

  async function ask(question: Question, code: SignerErrorCode): Promise<SignerReply> {
    const connection = await connected.open();
    const reply = await connection.ask(question);
    if ("error" in reply) throw new SignerError(code, reply.error);
    return reply;
  }

  async function askResults(question: Question): Promise<readonly SignResult[]> {
    const reply = await ask(question, "signer.unavailable");
    return "results" in reply ? reply.results : refuseReply();
  }

  async function askStatus(op: "reload" | "status", code: SignerErrorCode): Promise<SignerStatus> {
    const reply = await ask({ op }, code);
    return "signed" in reply ? { policy: reply.policy, signed: reply.signed } : refuseReply();
  }

  return {
    async sign(policy, batch) {
      const results = await askResults({ op: "sign", policy, batch });
      return results.length === batch.length ? results : refuseReply();
    },
    async signServer(request) {
      const [result = refuseReply()] = await askResults({ op: "sign-server", request });
      return result;
    },
    async authorities() {
      const reply = await ask({ op: "authorities" }, "signer.unavailable");
      return "authorities" in reply ? reply.authorities : refuseReply();
    },
    reload: () => askStatus("reload", "configuration.invalid"),
    status: () => askStatus("status", "signer.unavailable"),
    close: () => connected.close(),
  };
}

type Connector = { readonly open: () => Promise<Connection>; readonly close: () => void };

/** Keeps one connection; after a failed attempt none is made for a while, and asking fails at once. */
function createConnector(path: string): Connector {
  let current: Promise<Connection> | undefined;
  let live: Connection | undefined;
  let pause = 0;
  let notBefore = 0;
  let closed = false;

  async function attempt(): Promise<Connection> {
    // Whoever asks meanwhile shares this attempt.
    notBefore = Infinity;
    try {
      live = await openConnection(path, DEADLINE);
      pause = 0;
      return live;
    } catch (error) {
      pause = Math.min(Math.max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE);
      notBefore = performance.now() + pause;
      throw error;
    }
  }

  return {
    open() {
      if (closed) throw new SignerError("signer.unavailable", "the client was closed");
      if (current === undefined || (live !== undefined && !live.isOpen())) {
        live = undefined;
        current = attempt();
      } else if (live === undefined && pause > 0 && performance.now() >= notBefore) {
        current = attempt();
      }
      return current;
    },
    close() {
      closed = true;
      live?.close();
    },
  };
}

function refuseReply(): never {
  throw new SignerError("signer.unavailable", "the signer answered another question");
}
