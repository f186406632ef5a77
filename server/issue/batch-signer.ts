import type { SignerClient } from "../../keys/signer/client.ts";
import type { SignRequest, SignResult } from "../../keys/signer/messages.ts";

/** Signs under one policy; calls of the same turn of the event loop share a round trip to the signer. */
export type BatchSigner = (policy: string, order: SignRequest) => Promise<SignResult>;

type Waiting = {
  readonly order: SignRequest;
  readonly resolve: (result: SignResult) => void;
  readonly reject: (error: unknown) => void;
};

/** The most that one frame to the signer carries. */
const LARGEST_BATCH = 128;

/** Requests whose intents were synced together come here together, so that they are signed in one frame. */
export function createBatchSigner(signer: Pick<SignerClient, "sign">): BatchSigner {
  const waiting = new Map<string, Waiting[]>();

  const send = async (policy: string, batch: readonly Waiting[]): Promise<void> => {
    try {
      const results = await signer.sign(
        policy,
        batch.map(({ order }) => order),
      );
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new TypeError("signer answered fewer results than asked"));
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const flush = (): void => {
    for (const [policy, all] of waiting) {
      for (let at = 0; at < all.length; at += LARGEST_BATCH) {
        void send(policy, all.slice(at, at + LARGEST_BATCH));
      }
    }
    waiting.clear();
  };

  return (policy, order) =>
    new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(flush);
      const queue = waiting.get(policy) ?? [];
      if (queue.length === 0) waiting.set(policy, queue);
      queue.push({ order, resolve, reject });
    });
}
