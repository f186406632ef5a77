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

/** Entries, and bytes, of the longest answer that is read. */
export const MOST_ENTRIES = 1000;
const MOST_BYTES = 4 * 1024 * 1024;

/** Seconds that a directory has for reading the goodbye. */
const FAREWELL = 1;

type Found = Result & { readonly entries: readonly FoundEntry[] };

type Pending = {
  readonly id: number;
  readonly operation: "bind" | "search";
  readonly entries: FoundEntry[];
  bytes: number;
  readonly resolve: (answer: Found) => void;
  readonly reject: (fault: LdapFault) => void;
};

/**
 * LDAP over a stream that TLS protects already, one question at a time (RFC 4511). Whatever is no answer to the
 * question, or too much of one, ends the connection.
 */
export class LdapConnection {
  readonly #stream: Duplex;
  readonly #timeLimit: number;
  readonly #framer = createMessageFramer();
  #pending: Pending | undefined;
  #ended: LdapFault | undefined;
  #lastId = 0;

  /** `timeLimit` in seconds is what the directory is told; nothing is measured here. */
  constructor(stream: Duplex, timeLimit: number) {
    this.#stream = stream;
    this.#timeLimit = timeLimit;
    stream.on("data", (bytes: Buffer) => this.#take(bytes));
    stream.on("error", (error) => this.destroy(explainConnection(error)));
    stream.on("close", () => this.destroy(lost()));
    stream.resume();
  }

  /** Sends a simple bind. @throws LdapFault when no answer comes */
  bind(dn: string, password: string): Promise<Result> {
    return this.#ask("bind", (messageId) => new BindRequest({ messageId, dn, password }).write());
  }

  /** Entries and the result; references to other directories are left out. @throws LdapFault when no answer comes */
  search(query: Query): Promise<Found> {
    return this.#ask("search", (id) => formatSearch(id, query, this.#timeLimit));
  }

  isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Says goodbye and closes. */
  close(): void {
    if (this.#ended !== undefined) return;
    this.#ended = new LdapFault("is not asked any more");
    const stream = this.#stream;
    stream.end(new UnbindRequest({ messageId: this.#lastId + 1 }).write(), () => stream.destroy());
    // A directory that reads nothing must not keep it open.
    setTimeout(() => stream.destroy(), FAREWELL * 1000).unref();
  }

  /** Ends it at once; what is under way fails with this. */
  destroy(fault: LdapFault): void {
    this.#ended ??= fault;
    const pending = this.#pending;
    this.#pending = undefined;
    this.#stream.destroy();
    pending?.reject(fault);
  }

  #ask(operation: Pending["operation"], format: (id: number) => Buffer): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (this.#pending !== undefined) return reject(new TypeError("one question at a time"));
      const id = (this.#lastId += 1);
      this.#pending = { id, operation, entries: [], bytes: 0, resolve, reject };
      this.#stream.write(format(id));
    });
  }

  #take(bytes: Buffer): void {
    try {
      if (this.#pending === undefined) throw unasked();
      this.#pending.bytes += bytes.length;
      if (this.#pending.bytes > MOST_BYTES) throw tooMuch(`${MOST_BYTES} bytes`);
      for (const message of this.#framer.push(bytes)) this.#receive(readAnswer(message));
    } catch (error) {
      this.destroy(explainConnection(error));
    }
  }

  #receive(answer: Answer): void {
    const pending = this.#pending;
    if (answer.id === 0) throw lost();
    if (pending === undefined || answer.id !== pending.id) throw unasked();
    if (answer.kind === "result") return this.#finish(pending, answer);
    if (pending.operation !== "search") throw unasked();
    if (answer.kind === "reference") return;
    if (pending.entries.length === MOST_ENTRIES) throw tooMuch(`${MOST_ENTRIES} entries`);
    pending.entries.push(answer.entry);
  }

  #finish(pending: Pending, answer: Extract<Answer, { readonly kind: "result" }>): void {
    if (answer.operation !== pending.operation) throw unasked();
    this.#pending = undefined;
    pending.resolve({ code: answer.code, detail: answer.detail, entries: pending.entries });
  }
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

/** Without an answer; on another connection there may be one. */
const lost = (): LdapFault =>
  new LdapFault("ends connections before it answers", { isBroken: true });
