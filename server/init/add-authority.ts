import { chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createAuthority } from "../../keys/signer/authority-files.ts";
import { type AuthorityKeyKind, isAuthorityKeyKind } from "../../keys/signer/authority-key.ts";
import type { Policy } from "../../policy/decision.ts";
import type { Authority } from "../../policy/model.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import { readPolicyFile } from "../config/policy-file.ts";
import { isRoot } from "../config/user.ts";

/** Which authority to make, and where. */
export type AddAuthority = {
  readonly paths: Pick<ServerPaths, "policy" | "authorities" | "sealSecret">;
  readonly now: () => number;
  readonly name: string;
  /** Absent: P-256 for TLS, Ed25519 for SSH. */
  readonly key?: string | undefined;
};

/** Makes the sealed key of an authority that policy.yaml declares. @throws OperatorError */
export async function addAuthority({
  paths,
  now,
  name,
  key,
}: AddAuthority): Promise<{ name: string; key: string }> {
  const policy = readDeclared(paths.policy);
  const declared = policy.authorities.get(name);
  if (declared === undefined) {
    throw new OperatorError(`${paths.policy} declares no authority ${name}`, {
      hint: `add it under authorities: first; there are ${[...policy.authorities.keys()].join(", ")}`,
      exitCode: EXIT.usage,
    });
  }
  const keyKind = authorityKeyKind(declared, key);
  const { authorities: directory } = paths;
  refuseExisting(directory, name);
  const secret = readFileSync(paths.sealSecret);
  const { kind } = declared;
  await createAuthority({
    directory,
    cluster: policy.cluster.name,
    name,
    kind,
    keyKind,
    secret,
    now: now(),
  });
  adoptOwner(directory, name);
  return { name, key: keyKind };
}

function refuseExisting(directory: string, name: string): void {
  const key = join(directory, `${name}.key`);
  if (!existsSync(key)) return;
  throw new OperatorError(`authority ${name} has a key already, ${key}; it is never overwritten`, {
    hint: `look at it: keyserver authority show ${name}`,
    exitCode: EXIT.usage,
  });
}

/** The key kind for a new authority: what was asked for, or what is usual for its kind. @throws OperatorError */
export function authorityKeyKind(
  { name, kind }: Pick<Authority, "name" | "kind">,
  asked?: string,
): AuthorityKeyKind {
  const wanted = asked ?? (kind === "tls" ? "ecdsa-p256" : "ed25519");
  const fits = kind === "tls" || wanted === "ed25519" || wanted === "ecdsa-p256";
  if (isAuthorityKeyKind(wanted) && fits) return wanted;
  const kinds =
    kind === "tls" ? "ecdsa-p256, ecdsa-p384, ed25519 or rsa-3072" : "ed25519 or ecdsa-p256";
  throw new OperatorError(`authority ${name} of kind ${kind} cannot have a key of kind ${wanted}`, {
    hint: `one of ${kinds}`,
    exitCode: EXIT.usage,
  });
}

function readDeclared(file: string): Policy {
  const found = readPolicyFile(file);
  if (!(found instanceof Error) && found.reading.policy !== undefined) return found.reading.policy;
  const why = found instanceof Error ? found.message : found.render(found.reading.diagnostics);
  throw new OperatorError(why, {
    hint: `keyserver policy check ${file}`,
    exitCode: EXIT.unhealthy,
  });
}

/** The new files belong to whom their folder belongs: root makes them, keysigner reads them. */
function adoptOwner(directory: string, name: string): void {
  if (!isRoot()) return;
  const { uid, gid } = statSync(directory);
  for (const end of ["key", "crt", "pub"]) {
    try {
      chownSync(join(directory, `${name}.${end}`), uid, gid);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}
