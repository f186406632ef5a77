const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of bytes, each character kept, also a byte order mark; undefined for what is not UTF-8 (RFC 3629). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lower case for A to Z alone: no other letter becomes one of them, as ſ and K (U+212A) would. */
export const foldAscii = (text: string): string =>
  text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
