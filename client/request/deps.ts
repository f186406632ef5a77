import type { Transport, TransportOptions } from "../connection/transport.ts";
import type { Negotiate } from "./proof/negotiate.ts";
import type { Places } from "./places.ts";
import type { Terminal } from "./terminal-prompt.ts";

/** The environment variables of this process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How the person proves who they are: the Kerberos ticket, or a password of the directory. */
export type How =
  | { readonly kind: "kerberos" }
  | { readonly kind: "password"; readonly user: string; readonly from: "terminal" | "stdin" };

/** What the commands of keyreq need of the machine and of the command line's global flags. */
export type RequestDeps = {
  readonly places: Places;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** All of standard input; read for `--password-stdin` alone. */
  readonly readStdin: () => Promise<string>;
  /** The local account: name and effective user id. */
  readonly user: string;
  readonly uid: number;
  /** The far edge of the network. */
  readonly connect: (options: TransportOptions) => Transport;
  readonly negotiate: Negotiate;
  /** `--cluster`. */
  readonly cluster?: string;
  /** `--ldap`. */
  readonly how: How;
};
