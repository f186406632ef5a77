/** What a front of the checkout says, and what it is to say where the programs are installed. */
const PLACES = [
  ["$here/../../node_modules/.bin/node", "$here/../../node"],
  ["$here/../../node_modules/.cache/compiled", "/var/cache/keysystem"],
] as const;

/**
 * A program's shell front for an installation, made from the one of the checkout, so that both
 * start the program in the same way.
 *
 * @throws Error when something of the checkout would be left in it
 */
export function placeFront(program: string, front: string): string {
  const bundle = `lib/${program}/${program}.js`;
  const placed = PLACES.reduce((text, [from, to]) => text.replaceAll(from, to), front).replaceAll(
    `$here/../${program}.ts`,
    `$here/../../${bundle}`,
  );
  if (!placed.includes(bundle) || /node_modules|\.ts\b/.test(placed)) {
    throw new Error(`${program}: its front does not start what is installed:\n${placed}`);
  }
  return placed;
}

/** The front of keysigner, which the checkout starts as a child of keyserver alone. */
export const SIGNER_FRONT = `#!/bin/sh
# Starts keysigner, for its unit; keyserver run by hand starts it by itself.
here=$(dirname -- "$(readlink -f -- "$0")")
export MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-1}"
exec "$here/node" --max-old-space-size=40 --v8-pool-size=1 "$here/lib/keysigner/keysigner.js" "$@"
`;
