import type { Trust, TrustedAuthority } from "../../protocol/messages.ts";
import type { Disk } from "../files/disk.ts";
import { replaceFile, SERVICE_DIRECTORY } from "../files/replace-file.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { messageOf } from "../terminal/failure.ts";
import { PLACES } from "./paths.ts";

const PUBLIC = 0o644;
/** Names come from the server and become names of files: only plain ones do. */
const PLAIN = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Anchors of one authority; none when it is not known. */
export const anchorsOf = (trust: Trust, name: string): readonly string[] =>
  trust.authorities.find((authority) => authority.name === name)?.anchors ?? [];

/** Writes every authority's anchors under keyclient's own folder, and `known_hosts` for its SSH hosts. */
export function keepAnchors(disk: Disk, gid: number, trust: Trust): void {
  const ownership = { uid: disk.uid, gid, mode: PUBLIC };
  for (const authority of trust.authorities.filter(({ name }) => PLAIN.test(name))) {
    const ending = authority.kind === "tls" ? "pem" : "pub";
    const path = `${PLACES.anchors}/${authority.name}.${ending}`;
    replaceFile(disk, path, textOf([authority]), ownership);
  }
  const lines = trust.authorities
    .filter(({ kind }) => kind === "ssh-host")
    .flatMap(({ anchors }) => anchors.map((key) => `@cert-authority *.${trust.domain} ${key}\n`));
  if (lines.length > 0) {
    replaceFile(disk, `${PLACES.anchors}/known_hosts`, Buffer.from(lines.join("")), ownership);
  }
}

/** What became of the bundles of all recipes. */
export type Bundles = {
  /** Grants whose service should be told of new anchors. */
  readonly changed: ReadonlySet<string>;
  readonly problems: readonly { readonly grant: string; readonly message: string }[];
};

/**
 * Keeps the bundles that recipes name equal to the anchors. One that would be empty is not
 * written: some services take that for "trust nobody", some for "revoke nothing".
 */
export function keepBundles(disk: Disk, recipes: Iterable<Recipe>, trust: Trust): Bundles {
  const changed = new Set<string>();
  const problems: { readonly grant: string; readonly message: string }[] = [];
  for (const recipe of recipes) {
    const { grant } = recipe;
    for (const { file, authorities } of recipe.bundles) {
      const missing = authorities.find((name) => anchorsOf(trust, name).length === 0);
      try {
        const known = trust.authorities.filter(({ name }) => authorities.includes(name));
        // A shipped recipe is for every cluster, also for one without people, say; a local one means what it names.
        if (recipe.shipped && known.length === 0) continue;
        if (missing !== undefined && !recipe.shipped) {
          throw new TypeError(
            `${file}: the cluster has no authority ${missing}; mend ${recipe.source}`,
          );
        }
        const { uid, gid } = recipe;
        const ownership = { uid, gid, mode: PUBLIC };
        if (replaceFile(disk, file, textOf(known), ownership, SERVICE_DIRECTORY))
          changed.add(grant);
      } catch (error) {
        problems.push({ grant, message: messageOf(error) });
      }
    }
  }
  return { changed, problems };
}

function textOf(authorities: readonly TrustedAuthority[]): Buffer {
  const parts = authorities.flatMap(({ anchors }) => anchors);
  return Buffer.from(parts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join(""));
}
