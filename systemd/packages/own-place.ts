import { posix } from "node:path";

/** What the URLs of one module became, and the files of the checkout that they name. */
export type Placed = { readonly code: string; readonly resources: readonly string[] };

/** An entry's source in the checkout, and the module that it became, both relative to their roots. */
export type Entries = ReadonlyMap<string, string>;

const URL_OF = /new URL\("(?<path>[^"]+)", import\.meta\.url\)/g;

/**
 * Makes the URLs that a module forms from its own place right for a bundle in `lib/PROGRAM/`.
 *
 * A file named that way keeps its place below the root of the installation, so that it is at
 * `client/recipes` there as in the checkout; the source of an entry becomes the entry's bundle.
 *
 * @param path of the module, relative to the checkout
 * @throws Error when the module finds its own place in another way
 */
export function placeModule(path: string, code: string, entries: Entries): Placed {
  const resources: string[] = [];
  const placed = code.replace(URL_OF, (_whole, name: string) => {
    const source = posix.join(posix.dirname(path), name);
    const bundle = entries.get(source);
    if (bundle === undefined) resources.push(source);
    return `new URL("../../${bundle ?? source}", import.meta.url)`;
  });
  const rest = code.replace(URL_OF, "").split("\n");
  const at = rest.findIndex((line) => /\bimport\.meta\b/.test(line));
  if (at !== -1) {
    throw new Error(
      `${path}: import.meta is only understood as new URL("…", import.meta.url), not in: ${rest[at]?.trim()}`,
    );
  }
  return { code: placed, resources };
}
