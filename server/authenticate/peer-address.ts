/**
 * The peer's address in canonical text. A socket that listens for both families shows IPv4 peers as
 * `::ffff:10.0.0.1` (RFC 4291 §2.5.5.2); they are the same machine.
 */
export const peerAddress = (remoteAddress: string): string =>
  remoteAddress.startsWith("::ffff:") && remoteAddress.includes(".")
    ? remoteAddress.slice("::ffff:".length)
    : remoteAddress;
