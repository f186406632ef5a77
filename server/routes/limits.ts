/** What one caller can make the server hold, for how long. */

/** Bytes of a request's body; a batch of 32 requests fits. */
export const BODY_LIMIT = 64 * 1024;

/** Bytes of a request's line and headers; a Kerberos ticket with many groups in its PAC fits. */
export const HEADER_LIMIT = 16 * 1024;

/** Milliseconds. Nothing that a client does or leaves undone holds a connection for longer. */
export const TIMEOUTS = {
  handshake: 10_000,
  headers: 10_000,
  request: 30_000,
  idle: 65_000,
} as const;

/** Milliseconds between looks for connections past their time; node's own 30 s would make each limit 30 s longer. */
export const CHECK_INTERVAL = 2000;

/** Connections that one listener keeps open; the kernel queues those beyond it. */
export const MOST_CONNECTIONS = 10_000;
