import { X509Certificate } from "node:crypto";
import { readFileAt } from "../files/replace-file.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { AgentDeps } from "./agent.ts";
import { PLACES } from "./paths.ts";

const NO_TIME = 1;

/** How the node's own identity is kept: like any credential, under keyclient's own folder. */
export const identityRecipe = (
  { disk, gid }: Pick<AgentDeps, "disk" | "gid">,
  grant: string,
): Recipe => ({
  grant,
  source: "keyclient",
  shipped: true,
  files: { form: "pem", key: PLACES.identityKey, certificate: PLACES.identityCertificate },
  uid: disk.uid,
  gid,
  keyMode: 0o600,
  keyKind: "ed25519",
  keepKey: false,
  bundles: [],
  reload: [],
  timeout: NO_TIME,
});

/** Key and certificate of the node, PEM, as they stand on disk; undefined where one is missing. */
export type Identity = {
  readonly key: string;
  readonly certificate: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
};

/** Reads the identity. */
export function readIdentity({ disk }: Pick<AgentDeps, "disk">): Identity | undefined {
  const key = readFileAt(disk, PLACES.identityKey, disk.uid)?.content.toString();
  const certificate = readFileAt(disk, PLACES.identityCertificate, disk.uid)?.content.toString();
  if (key === undefined || certificate === undefined) return undefined;
  const { validTo } = new X509Certificate(certificate);
  return { key, certificate, notAfter: Date.parse(validTo) };
}
