import { createConnection, type Socket } from "node:net";
import { createFrameReader, formatFrame } from "./frame.ts";
import type { SignerReply, SignerRequest } from "./messages.ts";
import { isReply } from "./reply-schema.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/** A request without the number that tells its reply from others. */
export type Question = SignerRequest extends infer Each
  ? Each extends SignerRequest
    ? Omit<Each, "id">
    : never
  : never;

/** One connection to the signer, on which many questions may be under way. */
export type Connection = {
  readonly isOpen: () => boolean;
  /** Rejects with `signer.unavailable` when the connection breaks or the deadline passes. */
  readonly ask: (question: Question) => Promise<SignerReply>;
  readonly close: () => void;
};

type Waiting = {
  readonly resolve: (reply: SignerReply) => void;
  readonly reject: (error: SignerError) => void;
  readonly timer: NodeJS.Timeout;
};

/** Connects to the signer's socket; `deadline` is milliseconds for each question. @throws SignerError */
export async function openConnection(path: string, deadline: number): Promise<Connection> {
  const socket = await connect(path);
  const waiting = new Map<number, Waiting>();
  const read = createFrameReader();
  let last = 0;
  let open = true;

  function breakOff(why: string): void {
    open = false;
    socket.destroy();
    const error = unavailable(why);
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    waiting.clear();
  }

  function settle(value: unknown): void {
    if (!isReply(value)) throw unavailable("answer is not of this protocol");
    const asker = waiting.get(value.id);
    if (asker === undefined)
      throw unavailable("error" in value ? value.error : "answer to nothing");
    waiting.delete(value.id);
    clearTimeout(asker.timer);
    asker.resolve(value);
  }

  socket.on("error", (error) => breakOff(messageOf(error)));
  socket.on("close", () => breakOff("the connection was closed"));
  socket.on("data", (chunk) => {
    try {
      read(typeof chunk === "string" ? Buffer.from(chunk) : chunk).forEach(settle);
    } catch (error) {
      breakOff(messageOf(error));
    }
  });

  return {
    isOpen: () => open,
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (!open) return reject(unavailable("the connection was closed"));
        last += 1;
        const frame = formatFrame({ ...question, id: last });
        // A signer that does not answer in time is in an unknown state: begin anew with the next question.
        const timer = setTimeout(() => breakOff(`no answer within ${deadline} ms`), deadline);
        waiting.set(last, { resolve, reject, timer });
        socket.write(frame);
      }),
    close: () => breakOff("closed"),
  };
}

const connect = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const fail = (error: Error): void => reject(unavailable(error.message));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      resolve(socket);
    });
  });

const unavailable = (why: string): SignerError =>
  new SignerError("signer.unavailable", `the signer cannot be reached: ${why}`);
