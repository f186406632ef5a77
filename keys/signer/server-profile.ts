import type { TlsContent } from "../../policy/decision.ts";

/** What keyserver's own certificate says. */
export type ServerProfile = {
  readonly authority: string;
  readonly lifetime: number;
  readonly backdate: number;
  readonly content: TlsContent;
};

const DAY = 86_400;

/** keyserver's certificate for the names of the signer's configuration: servers only, 30 days. */
export function createServerProfile(names: readonly string[]): ServerProfile {
  const content: TlsContent = {
    kind: "tls",
    usage: ["server"],
    cn: "keyserver",
    o: [],
    dns: names.filter((name) => !isAddress(name)),
    ip: names.filter(isAddress),
  };
  return { authority: "nodes", lifetime: 30 * DAY, backdate: 300, content };
}

/** Whether a name is an address; the configuration holds them in canonical text only. */
export const isAddress = (name: string): boolean => name.includes(":") || /^[\d.]+$/.test(name);
