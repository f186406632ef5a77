import { readFileSync } from "node:fs";

/** What programs inside see instead of this machine's own: absolute path → file or folder in its place. */
export type View = Readonly<Record<string, string>>;

/** An account that is in no passwd(5) but the view's. */
export type Account = { readonly name: string; readonly uid: number; readonly home: string };

const MOUNT =
  'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"';

/**
 * Nothing that is mounted inside is to be seen outside. Where no mount is shared (a chroot, whose root unshare(1)
 * could not change: it is no mount) there is nothing to change.
 */
const propagation = (): string =>
  readFileSync("/proc/self/mountinfo", "utf8").includes(" shared:") ? "private" : "unchanged";

const unshare = (): readonly string[] => {
  return ["unshare", "--mount", "--propagation", propagation(), "sh", "-c", MOUNT, "sh"];
};

/** The words of a command that runs in a mount namespace of its own (unshare(1)); only root can. */
export const inView = (view: View, words: readonly string[]): readonly string[] => [
  ...unshare(),
  ...Object.entries(view).flatMap(([path, instead]) => [instead, path]),
  "--",
  ...words,
];

/** The words of a command that runs as an account, without any right of root's. */
export const asAccount = ({ uid }: Account, words: readonly string[]): readonly string[] => [
  "setpriv",
  `--reuid=${uid}`,
  `--regid=${uid}`,
  "--clear-groups",
  "--bounding-set=-all",
  "--inh-caps=-all",
  "--no-new-privs",
  ...words,
];

/** passwd(5) with further accounts, each with a shell. */
export const passwdWith = (passwd: string, accounts: readonly Account[]): string =>
  passwd +
  accounts.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:/bin/sh\n`).join("");

/** hosts(5) with further names. */
export const hostsWith = (hosts: string, names: Readonly<Record<string, string>>): string =>
  hosts +
  Object.entries(names)
    .map(([name, address]) => `${address} ${name}\n`)
    .join("");
