/**
 * What the writer needs to know of the machine.
 *
 * `root` is where `/` is for every path it is given. `step` is called before each change, named
 * after it, so that a test can stop the program at exactly that place.
 */
export type Disk = {
  readonly root: string;
  /** The effective user: only 0 can give files to others. */
  readonly uid: number;
  readonly step: (name: string) => void;
};

/** Owner, group and mode of a file; they are in place before its first byte. */
export type Ownership = {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
};

/** Ownership of what is keyclient's alone. */
export const privateTo = (disk: Disk, gid: number): Ownership => ({
  uid: disk.uid,
  gid,
  mode: 0o600,
});
