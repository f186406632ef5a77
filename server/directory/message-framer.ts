import { malformed, readHead } from "./ber.ts";
import { LdapFault } from "./ldap-fault.ts";

/** Cuts a stream of bytes into LDAP messages. */
export type MessageFramer = {
  /** The messages that are complete with these bytes, whole. @throws LdapFault for what is none, or one that is too long */
  push(bytes: Buffer): readonly Buffer[];
  /** Bytes of a message that is not complete. */
  pending(): number;
};

/** Bytes of the longest message that is read. */
export const LONGEST_MESSAGE = 1024 * 1024;

const SEQUENCE = 0x30;
/** Bytes that hold every head. */
const HEAD = 6;

/** Creates a {@link MessageFramer}; bytes are copied once, however small the pieces are in which they come. */
export function createMessageFramer(): MessageFramer {
  let pieces: Buffer[] = [];
  let length = 0;
  let wanted = 2;

  /** How many bytes must be there before it is worth looking again. */
  function measure(bytes: Buffer): number {
    if (bytes.length > 0 && bytes[0] !== SEQUENCE) throw malformed();
    const end = readHead(bytes)?.end ?? Math.min(bytes.length + 1, HEAD);
    if (end > LONGEST_MESSAGE)
      throw new LdapFault(`gives an answer of more than ${LONGEST_MESSAGE} bytes`);
    return end;
  }

  return {
    push(bytes) {
      pieces.push(bytes);
      length += bytes.length;
      const messages: Buffer[] = [];
      while (length >= wanted) {
        const all = pieces.length === 1 ? (pieces[0] ?? bytes) : Buffer.concat(pieces);
        wanted = measure(all);
        const isWhole = readHead(all)?.end === wanted && length >= wanted;
        if (isWhole) messages.push(all.subarray(0, wanted));
        const rest = isWhole ? all.subarray(wanted) : all;
        pieces = rest.length === 0 ? [] : [rest];
        length = rest.length;
        if (isWhole) wanted = 2;
      }
      return messages;
    },
    pending: () => length,
  };
}
