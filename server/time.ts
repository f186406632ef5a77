/** Seconds since 1970 as RFC 3339 in UTC, the form of every time that leaves the server. */
export const formatTime = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
