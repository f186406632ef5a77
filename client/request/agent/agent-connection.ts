import { createConnection, type Socket } from "node:net";
import { sshString } from "../../../keys/formats/ssh-wire.ts";

/** One conversation with an SSH agent. */
export type AgentConnection = {
  /** Sends one message and gives the answer to it. @throws Error when none comes. */
  readonly ask: (message: Buffer) => Promise<Buffer>;
  readonly close: () => void;
};

/** Milliseconds that an agent has for each answer. */
const DEADLINE = 3000;
/** Bytes of the longest answer; OpenSSH's agent stops at 256 KiB. */
const LONGEST = 1024 * 1024;
const LENGTH = 4;

/**
 * Opens the socket of an agent (`SSH_AUTH_SOCK`); one question is asked after the other.
 *
 * @throws Error with `code` when nobody listens there, or when there is no answer in time.
 */
export async function openAgent(path: string, deadline = DEADLINE): Promise<AgentConnection> {
  const socket = createConnection(path);
  // An error that comes while nobody waits is the next question's.
  socket.on("error", () => undefined);
  await inTime(socket, deadline, (resolve) => socket.once("connect", () => resolve(undefined)));
  const answers = readAnswers(socket);
  return {
    async ask(message) {
      socket.write(sshString(message));
      const { value } = await inTime<IteratorResult<Buffer, undefined>>(
        socket,
        deadline,
        (resolve, reject) => answers.next().then(resolve, reject),
      );
      if (value === undefined) throw new Error("the agent hung up");
      return value;
    },
    close: () => socket.destroy(),
  };
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: unknown) => void) => unknown;

/** Whatever goes wrong ends the conversation. */
async function inTime<T>(socket: Socket, deadline: number, settle: Settle<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(
    () => reject(new Error(`the agent did not answer in ${deadline / 1000} s`)),
    deadline,
  );
  socket.once("error", reject);
  settle(resolve, reject);
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off("error", reject);
  }
}

/** Messages as they come, each without its length (draft-miller-ssh-agent §3). */
async function* readAnswers(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let bytes = Buffer.alloc(0);
  for await (const part of socket) {
    if (!Buffer.isBuffer(part)) continue;
    bytes = Buffer.concat([bytes, part]);
    while (bytes.length >= LENGTH && bytes.length >= LENGTH + lengthOf(bytes)) {
      const end = LENGTH + lengthOf(bytes);
      yield bytes.subarray(LENGTH, end);
      bytes = bytes.subarray(end);
    }
  }
  return undefined;
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32BE();
  if (length > 0 && length <= LONGEST) return length;
  throw new Error(`the agent announces an answer of ${length} bytes`);
}
