import { setTimeout as sleep } from "node:timers/promises";
import { createEndpoints, openConnection, type Connection, type Endpoint } from "./connection.ts";
import type { LoadPlan, LoadReport } from "./plan.ts";

/** Sends the plan's requests for its time. `begin` is called when the timed part begins. */
export async function drive(plan: LoadPlan, begin: () => void): Promise<LoadReport> {
  const record = createRecord();
  const slots = createSlots(plan);
  const next = requestsInTurn(plan);
  const stop = new AbortController();
  const running =
    plan.rate === undefined
      ? slots.map((slot) => runClosed(slot, next, record, stop.signal))
      : [runPaced(slots, next, record, plan.rate, stop.signal)];
  await sleep(plan.warmSeconds * 1000);
  begin();
  record.reset();
  await sleep(plan.seconds * 1000);
  const report = record.report();
  stop.abort();
  await Promise.all(running);
  for (const slot of slots) slot.close();
  return report;
}

type Record = {
  add(milliseconds: number, failure: string | undefined): void;
  reset(): void;
  report(): LoadReport;
};

function createRecord(): Record {
  let latencies: number[] = [];
  let failed = 0;
  let failure: string | undefined;
  let start = performance.now();
  let cpu = process.cpuUsage();
  return {
    add(milliseconds, why) {
      if (why === undefined) latencies.push(milliseconds);
      else failed += 1;
      failure ??= why;
    },
    reset() {
      latencies = [];
      failed = 0;
      start = performance.now();
      cpu = process.cpuUsage();
    },
    report() {
      const used = process.cpuUsage(cpu);
      return {
        answered: latencies.length,
        failed,
        ...(failure === undefined ? {} : { failure }),
        seconds: (performance.now() - start) / 1000,
        latencies: Float64Array.from(latencies),
        cpu: (used.user + used.system) / 1e6,
      };
    },
  };
}

/** A place for one request at a time; gives why it failed, or undefined. */
type Slot = {
  send(request: Uint8Array): Promise<string | undefined>;
  close(): void;
};

function createSlots(plan: LoadPlan): readonly Slot[] {
  const endpoints = createEndpoints(plan);
  let turn = 0;
  const endpointInTurn = (): Endpoint => {
    const endpoint = endpoints[turn % endpoints.length];
    if (endpoint === undefined) throw new TypeError("a plan needs a client");
    turn += 1;
    return endpoint;
  };
  const create = plan.connection === "keep" ? createKeptSlot : createNewSlot;
  return Array.from({ length: plan.connections }, () => create(endpointInTurn));
}

function createKeptSlot(endpointInTurn: () => Endpoint): Slot {
  const endpoint = endpointInTurn();
  let connection: Connection | undefined;
  return {
    send: (request) =>
      new Promise((resolve) => {
        connection ??= openConnection(endpoint);
        connection.send(request, (failure) => {
          if (failure !== undefined) {
            connection?.close();
            connection = undefined;
          }
          resolve(failure);
        });
      }),
    close: () => connection?.close(),
  };
}

function createNewSlot(endpointInTurn: () => Endpoint): Slot {
  return {
    send: (request) =>
      new Promise((resolve) => {
        const connection = openConnection(endpointInTurn());
        connection.send(request, (failure) => {
          connection.close();
          resolve(failure);
        });
      }),
    close: () => undefined,
  };
}

function requestsInTurn({ requests }: LoadPlan): () => Uint8Array {
  let turn = 0;
  return () => {
    const request = requests[turn % requests.length];
    if (request === undefined) throw new TypeError("a plan needs a request");
    turn += 1;
    return request;
  };
}

async function runClosed(
  slot: Slot,
  next: () => Uint8Array,
  record: Record,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const start = performance.now();
    const failure = await slot.send(next());
    record.add(performance.now() - start, failure);
    // A server that refuses everything must not be asked in a busy loop.
    if (failure !== undefined) await sleep(50);
  }
}

/** Sends `rate` requests a second; a request that no slot was free for waits, and its wait counts. */
async function runPaced(
  slots: readonly Slot[],
  next: () => Uint8Array,
  record: Record,
  rate: number,
  stop: AbortSignal,
): Promise<void> {
  const idle = [...slots];
  const due: number[] = [];
  const serve = async (slot: Slot): Promise<void> => {
    for (let at = due.shift(); at !== undefined; at = due.shift()) {
      const failure = await slot.send(next());
      record.add(performance.now() - at, failure);
    }
    idle.push(slot);
  };
  const start = performance.now();
  let scheduled = 0;
  while (!stop.aborted) {
    const wanted = ((performance.now() - start) / 1000) * rate;
    for (; scheduled < wanted; scheduled += 1) due.push(start + (scheduled / rate) * 1000);
    for (const slot of idle.splice(0, due.length)) void serve(slot);
    await sleep(1);
  }
}
