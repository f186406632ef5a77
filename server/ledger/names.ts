import type { Database } from "better-sqlite3";

/** Kinds of repeated text, as they stand in the database. Never renumbered. */
export const KIND = { authority: 1, grant: 2, subject: 3, policy: 4 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Numbers for texts that repeat. */
export type Names = {
  /** The number of a name, given out in the caller's transaction when it is new. */
  readonly idOf: (kind: Kind, name: string) => number;
  /** The number of a name that is there. */
  readonly find: (kind: Kind, name: string) => number | undefined;
  /** Call it after anything was rolled back: numbers given out there are void. */
  readonly forget: () => void;
};

/** Subjects beyond this many are looked up again. */
const MAX_REMEMBERED = 50_000;

/** Creates the table's operations, with the names that were seen kept in memory. */
export function createNames(db: Database): Names {
  const select = db
    .prepare<[Kind, string], number>("SELECT id FROM names WHERE kind = ? AND name = ?")
    .pluck();
  const insert = db.prepare<[Kind, string]>("INSERT INTO names (kind, name) VALUES (?, ?)");
  const known = new Map<string, number>();

  const remember = (key: string, id: number): number => {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, id);
    return id;
  };
  return {
    idOf: (kind, name) => {
      const key = kind + name;
      const id = known.get(key);
      if (id !== undefined) return id;
      return remember(
        key,
        select.get(kind, name) ?? Number(insert.run(kind, name).lastInsertRowid),
      );
    },
    find: (kind, name) => select.get(kind, name),
    forget: () => known.clear(),
  };
}
