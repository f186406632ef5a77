import type { Duplex } from "node:stream";
import { BindRequest, type Filter, SearchRequest, UnbindRequest } from "ldapts";
import { type Answer, type FoundEntry, readAnswer } from "./ldap-answer.ts";
import { explainConnection, LdapFault } from "./ldap-fault.ts";
import { createMessageFramer } from "./message-framer.ts";

/** A question for entries. */
export type Query = {
  /** Text of a name (RFC 4514). */
  readonly base: string;
  readonly scope: "one" | "sub";
  readonly filter: Filter;
  /** Attributes that are wanted; none for names alone. */
  readonly attributes: readonly string[];
};

/** What a result says besides entries (RFC 4511 §4.1.9). */
export type Result = { readonly code: number; readonly detail: string };

/** One connection to a directory, one question at a time. A fault of the protocol ends it. */
export type LdapConnection = {
  /** Sends a simple bind. @throws LdapFault when no answer comes */
  bind(dn: string, password: string): Promise<Result>;
  /** Entries and the result; references to other directories are left out. @throws LdapFault when no answer comes */
  search(query: Query): Promise<Result & { readonly entries: readonly FoundEntry[] }>;
  isOpen(): boolean;
  /** Says goodbye and closes. */
  close(): void;
  /** Ends it at once; what is under way fails with this. */
  destroy(fault: LdapFault): void;
};

/** Entries, and bytes, of the longest answer that is read. */
export const MOST_ENTRIES = 1000;
const MOST_BYTES = 4 * 1024 * 1024;

/** Seconds that a directory has for reading the goodbye. */
const FAREWELL = 1;

type Pending = {
  readonly id: number;
  readonly operation: "bind" | "search";
  readonly entries: FoundEntry[];
  bytes: number;
  readonly resolve: (answer: Result & { readonly entries: readonly FoundEntry[] }) => void;
  readonly reject: (fault: LdapFault) => void;
};

/** Talks LDAP over a stream that TLS protects already. `timeLimit` in seconds is what the directory is told. */
export function createLdapConnection(stream: Duplex, timeLimit: number): LdapConnection {
  const framer = createMessageFramer();
  let pending: Pending | undefined;
  let ended: LdapFault | undefined;
  let lastId = 0;

  function end(fault: LdapFault): void {
    ended ??= fault;
    const waiting = pending;
    pending = undefined;
    stream.destroy();
    waiting?.reject(fault);
  }

  function take(bytes: Buffer): void {
    if (pending === undefined) throw unasked();
    pending.bytes += bytes.length;
    for (const message of framer.push(bytes)) {
      if (ended === undefined) receive(readAnswer(message));
    }
    if ((pending?.bytes ?? 0) > MOST_BYTES) throw tooMuch(`${MOST_BYTES} bytes`);
  }

  function receive(answer: Answer): void {
    const current = pending;
    if (answer.id === 0) throw new LdapFault("ends the connection", { isBroken: true });
    if (current === undefined || answer.id !== current.id) throw unasked();
    if (answer.kind !== "result" && current.operation !== "search") throw unasked();
    if (answer.kind === "reference") return;
    if (answer.kind === "entry") {
      if (current.entries.length === MOST_ENTRIES) throw tooMuch(`${MOST_ENTRIES} entries`);
      current.entries.push(answer.entry);
      return;
    }
    if (answer.operation !== current.operation) throw unasked();
    pending = undefined;
    current.resolve({ code: answer.code, detail: answer.detail, entries: current.entries });
  }

  stream.on("data", (bytes: Buffer) => {
    try {
      take(bytes);
    } catch (error) {
      end(explainConnection(error));
    }
  });
  stream.on("error", (error) => end(explainConnection(error)));
  stream.on("close", () =>
    end(new LdapFault("ends connections before it answers", { isBroken: true })),
  );
  stream.resume();

  function ask(
    operation: "bind" | "search",
    format: (id: number) => Buffer,
  ): Promise<Result & { readonly entries: readonly FoundEntry[] }> {
    return new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      if (pending !== undefined) return reject(new TypeError("one question at a time"));
      const id = (lastId += 1);
      pending = { id, operation, entries: [], bytes: 0, resolve, reject };
      stream.write(format(id));
    });
  }

  return {
    bind: (dn, password) =>
      ask("bind", (messageId) => new BindRequest({ messageId, dn, password }).write()),
    search: (query) => ask("search", (id) => formatSearch(id, query, timeLimit)),
    isOpen: () => ended === undefined,
    close() {
      if (ended !== undefined) return;
      ended = new LdapFault("is not asked any more");
      stream.end(new UnbindRequest({ messageId: lastId + 1 }).write(), () => stream.destroy());
      // A directory that reads nothing must not keep it open.
      setTimeout(() => stream.destroy(), FAREWELL * 1000).unref();
    },
    destroy: end,
  };
}

/** Without a limit of entries: an answer that the directory cuts off must not look like a whole one. */
const formatSearch = (messageId: number, query: Query, timeLimit: number): Buffer =>
  new SearchRequest({
    messageId,
    baseDN: query.base,
    scope: query.scope,
    derefAliases: "never",
    sizeLimit: 0,
    timeLimit,
    filter: query.filter,
    // `1.1` asks for no attribute (RFC 4511 §4.5.1.8); an empty list would ask for all.
    attributes: query.attributes.length === 0 ? ["1.1"] : [...query.attributes],
  }).write();

const unasked = (): LdapFault => new LdapFault("answers what nobody asked");
const tooMuch = (limit: string): LdapFault =>
  new LdapFault(`gives an answer of more than ${limit}`);
