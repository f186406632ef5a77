import { SignerError } from "./signer-error.ts";

/** Longest frame, in bytes, without its length. */
export const MAX_FRAME = 4 * 1024 * 1024;
const HEADER = 4;

/** One frame: a 4-byte big-endian length, then the value as JSON in UTF-8. */
export function formatFrame(value: unknown): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > MAX_FRAME)
    throw new TypeError(`frame of ${length} bytes is longer than ${MAX_FRAME}`);
  const frame = Buffer.allocUnsafe(HEADER + length);
  frame.writeUInt32BE(length);
  frame.write(text, HEADER);
  return frame;
}

/**
 * Cuts a stream into frames: takes what arrived, gives the JSON values that are complete with it.
 *
 * @throws SignerError `signer.protocol` for a frame that is too long, empty or not JSON; the stream
 * cannot be read on after that. The length is refused before anything is kept.
 */
export function createFrameReader(): (chunk: Buffer) => readonly unknown[] {
  let kept: Buffer[] = [];
  let size = 0;
  let wanted = HEADER;

  return (chunk) => {
    kept.push(chunk);
    size += chunk.length;
    if (size < wanted) return [];
    let rest = kept.length === 1 ? chunk : Buffer.concat(kept);
    const values: unknown[] = [];
    for (
      wanted = wantedFor(rest);
      rest.length >= wanted && wanted > HEADER;
      wanted = wantedFor(rest)
    ) {
      values.push(parse(rest.toString("utf8", HEADER, wanted)));
      rest = rest.subarray(wanted);
    }
    kept = [rest];
    size = rest.length;
    return values;
  };
}

/** Bytes that the stream must hold before its first frame can be taken, or its header. */
function wantedFor(bytes: Buffer): number {
  if (bytes.length < HEADER) return HEADER;
  const length = bytes.readUInt32BE(0);
  if (length > 0 && length <= MAX_FRAME) return HEADER + length;
  throw new SignerError(
    "signer.protocol",
    `frame of ${length} bytes: 1 to ${MAX_FRAME} are allowed`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SignerError("signer.protocol", "frame is not JSON", { cause });
  }
}
