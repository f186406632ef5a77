import { startAuthority } from "./authority.ts";
import { measureCeiling, measureHandshakes } from "./ceilings.ts";
import { runLoad, type LoadOutcome } from "./load/run-load.ts";
import { batchSize, type Context, type LoadName } from "./measure.ts";
import { createSshBatches, createTlsBatches, formatHttpRequest, type Batches } from "./requests.ts";

/** Connections of every load. */
export const CONNECTIONS = 64;

export type ContextOptions = Pick<Context, "seconds" | "warmSeconds" | "growth">;

/** Makes a context; what it started ends with {@link AsyncDisposable}. */
export function createContext(options: ContextOptions): Context & AsyncDisposable {
  const cleanup = new AsyncDisposableStack();
  const authority = once(async () => cleanup.use(await startAuthority()));
  const loads = new Map<LoadName, Promise<LoadOutcome>>();
  const context: Context = {
    ...options,
    authority,
    ceiling: once(measureCeiling),
    handshakes: async () =>
      measureHandshakes(await authority(), { ...options, connections: CONNECTIONS }),
    load: (name) => {
      const known = loads.get(name) ?? runNamedLoad(context, name);
      loads.set(name, known);
      return known;
    },
  };
  return { ...context, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function runNamedLoad(context: Context, name: LoadName): Promise<LoadOutcome> {
  const outcome = await runAuthorityLoad(context, {
    batches: batchesOf(name),
    connection: name.startsWith("storm") ? "new" : "keep",
  });
  if (outcome.failure !== undefined) {
    throw new Error(`issue.${name}: ${outcome.failed} requests failed: ${outcome.failure}`);
  }
  return outcome;
}

const batchesOf = (name: LoadName): Batches => {
  const size = batchSize(name);
  return name.startsWith("ssh") ? createSshBatches(size) : createTlsBatches(size);
};

/** Loads the authority with batches, at full speed or at `rate` requests a second. */
export async function runAuthorityLoad(
  { authority, seconds, warmSeconds }: Pick<Context, "authority" | "seconds" | "warmSeconds">,
  {
    batches,
    connection,
    rate,
  }: {
    readonly batches: Batches;
    readonly connection: "keep" | "new";
    readonly rate?: number;
  },
): Promise<LoadOutcome> {
  const { host, port, anchor, clients, pids } = await authority();
  const requests = batches.map((batch) => formatHttpRequest(host, batch));
  const plan = { host, port, anchor, clients, requests, connection, seconds, warmSeconds };
  const paced = rate === undefined ? {} : { rate };
  return runLoad({ ...plan, ...paced, connections: CONNECTIONS }, pids);
}
