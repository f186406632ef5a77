/** `host:port` in its parts; an IPv6 address stands in brackets (RFC 3986 §3.2.2). */
export type Endpoint = { readonly host: string; readonly port: number };

/** Reads `ADDRESS:PORT`, `[IPv6]:PORT` or `HOST:PORT`; undefined when it is none. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || digits === undefined || port < 1 || port > 65_535) return undefined;
  return { host, port };
}
