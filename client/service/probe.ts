import type { Probe } from "../recipe/recipe.ts";
import { probeSsh } from "./probe-ssh.ts";
import { probeTls } from "./probe-tls.ts";

/** What a service shows to who connects. */
export type Served =
  /** DER, or an SSH certificate blob. */
  | { readonly state: "served"; readonly certificates: readonly Buffer[] }
  /** Nobody listens. */
  | { readonly state: "silent"; readonly why: string }
  /** Somebody listens and shows no certificate. */
  | { readonly state: "broken"; readonly why: string };

/** Connects to a service and takes the certificate that it shows. Never throws for what is found there. */
export const probe = (target: Probe): Promise<Served> =>
  "tls" in target ? probeTls(target.tls) : probeSsh(target.ssh);

/** The address that a probe connects to. */
export const addressOf = (target: Probe): string => ("tls" in target ? target.tls : target.ssh);

/** Whether the service shows this certificate. */
export const isServed = (served: Served, certificate: Buffer): boolean =>
  served.state === "served" && served.certificates.some((shown) => shown.equals(certificate));
