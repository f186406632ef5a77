/** Whom to look for: a user by name, or the holder of a Kerberos principal of the cluster's realm. */
export type PersonName =
  | { readonly kind: "user"; readonly user: string }
  /** `primary` is the principal without its realm; there is no instance. */
  | { readonly kind: "principal"; readonly principal: string; readonly primary: string };

/** What a directory says of one person; names exactly as it spells them. */
export type Entry = {
  readonly user: string;
  /** Names of groups, sorted, each once. */
  readonly groups: readonly string[];
};

/**
 * A directory of people. Every promise settles within a few seconds, whatever the directory does, and
 * rejects with {@link DirectoryError}.
 */
export type Directory = {
  /** The host, for messages. */
  readonly host: string;
  /** Undefined when nobody has exactly this name. */
  findPerson(name: PersonName): Promise<Entry | undefined>;
  /** Users who may be in a group; nothing is decided by it. */
  findCandidates(group: string): Promise<readonly string[]>;
  /** Undefined when there is no such user, or the password is another. An empty password is never asked about. */
  checkPassword(user: string, password: string): Promise<Entry | undefined>;
  /** Resolves when the directory answers its reader's account now. */
  probe(): Promise<void>;
  close(): Promise<void>;
};

/**
 * The directory gave no answer that can be used; `message` is for the caller and holds no secret and no entry, `cause`
 * is for the operator.
 */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
  readonly code = "directory.unavailable";
  /** What it is about: the whole directory, this one person's entry, or this server, which has too many questions. */
  readonly concern: "directory" | "person" | "load";

  constructor(
    message: string,
    {
      concern = "directory",
      cause,
    }: { readonly concern?: DirectoryError["concern"]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.concern = concern;
  }
}
