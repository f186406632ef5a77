import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { BerReader, BerWriter } from "ldapts";
import { personDn } from "./directory-entries.ts";
import type { TlsFiles } from "./tls-files.ts";

/** A question as it came: the tag of its operation (RFC 4511 §4.2). */
export type Asked = { readonly id: number; readonly operation: number };

export type Behaviour = {
  /** With its certificate it speaks TLS from the first byte, or after `upgrade`. */
  readonly tls: TlsFiles;
  /** Whether TLS begins with the first byte. */
  readonly immediate: boolean;
  /** What it does with a message in clear. Ignores it when absent. */
  readonly onClear?: (asked: Asked, wire: Wire) => void;
  /** What it does with a message inside TLS. Answers binds with success and ignores the rest when absent. */
  readonly onSecure?: (asked: Asked, wire: Wire) => void;
};

/** The connection on which a message came. */
export type Wire = {
  send(bytes: Buffer): void;
  /** Begins TLS after `bytes`. */
  upgrade(bytes: Buffer): void;
  end(): void;
};

/** A directory that does what no directory should; on loopback, in this process. */
export type HostileLdap = AsyncDisposable & {
  readonly port: number;
  /** Everything that came in clear, and everything that came inside TLS. */
  heard(): { readonly clear: Buffer; readonly secure: Buffer };
  /** Connections so far. */
  connections(): number;
  /** Connections now. */
  open(): number;
  /** The most connections that there were at once. */
  peak(): number;
};

export const BIND = 0x60;
export const SEARCH = 0x63;
export const EXTENDED = 0x77;

/** Starts a {@link HostileLdap}. */
export async function startHostileLdap(behaviour: Behaviour): Promise<HostileLdap> {
  const { tls, immediate, onClear = () => undefined, onSecure = bindOnly } = behaviour;
  const clear: Buffer[] = [];
  const secure: Buffer[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  let peak = 0;
  const secureContext = createSecureContext({
    cert: readFileSync(tls.certificate),
    key: readFileSync(tls.key),
  });

  function speakTls(socket: Socket): void {
    const inner = new TLSSocket(socket, { isServer: true, secureContext });
    inner.on("error", () => socket.destroy());
    const wire = wireOf(inner, () => undefined);
    inner.on("data", (bytes: Buffer) => {
      secure.push(bytes);
      for (const asked of readRequests(bytes)) onSecure(asked, wire);
    });
  }

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    accepted += 1;
    peak = Math.max(peak, sockets.size);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (immediate) return speakTls(socket);
    const hear = (bytes: Buffer): void => {
      clear.push(bytes);
      for (const asked of readRequests(bytes)) onClear(asked, wire);
    };
    const wire = wireOf(socket, () => {
      socket.off("data", hear);
      speakTls(socket);
    });
    socket.on("data", hear);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(portOf(server.address())));
  });
  return {
    port,
    heard: () => ({ clear: Buffer.concat(clear), secure: Buffer.concat(secure) }),
    connections: () => accepted,
    open: () => sockets.size,
    peak: () => peak,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const wireOf = (socket: Socket, upgrade: () => void): Wire => ({
  send: (bytes) => void socket.write(bytes),
  upgrade(bytes) {
    socket.write(bytes);
    upgrade();
  },
  end: () => void socket.end(),
});

const bindOnly = ({ id, operation }: Asked, wire: Wire): void => {
  if (operation === BIND) wire.send(formatResult(id, 0x61, 0));
};

/** Answers binds with success, and searches with `onSearch`. */
export const searches =
  (onSearch: (id: number, wire: Wire) => void) =>
  (asked: Asked, wire: Wire): void => {
    if (asked.operation === SEARCH) onSearch(asked.id, wire);
    else bindOnly(asked, wire);
  };

/** Answers as a directory should in which alice is in no group. */
export const answerAll = searches((id, wire) => {
  wire.send(formatEntry(id, personDn("alice"), { uid: ["alice"] }));
  wire.send(formatResult(id, 0x65, 0));
});

/** Requests of keyserver fit in one piece; what does not parse is no request. */
function readRequests(bytes: Buffer): readonly Asked[] {
  try {
    const reader = new BerReader(bytes);
    reader.readSequence();
    const id = reader.readInt();
    const operation = reader.peek();
    return id === null || operation === null ? [] : [{ id, operation }];
  } catch {
    return [];
  }
}

/** An LDAPResult with a tag of its own: 0x61 for a bind, 0x65 for a search, 0x78 for an extended operation. */
export function formatResult(id: number, tag: number, code: number, referral?: string): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(tag);
  writer.writeEnumeration(code);
  writer.writeString("");
  writer.writeString("");
  if (referral !== undefined) {
    writer.startSequence(0xa3);
    writer.writeString(referral);
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}

/** A SearchResultEntry. */
export function formatEntry(
  id: number,
  dn: string,
  attributes: Readonly<Record<string, readonly (string | Buffer)[]>>,
): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x64);
  writer.writeString(dn);
  writer.startSequence();
  for (const [name, values] of Object.entries(attributes)) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) writer.writeBuffer(Buffer.from(value), 0x04);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}

/** A SearchResultReference to another directory. */
export function formatReference(id: number, url: string): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x73);
  writer.writeString(url);
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}
