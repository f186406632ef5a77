import type { DirectoryMembers } from "../../protocol/admin-messages.ts";
import type { Directory } from "./directory.ts";
import { type AgeLimits, type FactFinder, type Facts } from "./facts.ts";

export type MembersDeps = {
  readonly directory: Pick<Directory, "findCandidates">;
  /** Says of one person what a request of theirs would be decided by. */
  readonly find: FactFinder;
  readonly limits: AgeLimits;
};

/** People who are asked about at once: as many as there are connections. */
const AT_ONCE = 4;

/**
 * Who is in these groups of a directory, as a request of theirs would be told now. Never rejects; where the
 * directory stops answering nothing is listed, since a part would look like the whole.
 */
export async function membersOf(
  { directory, find, limits }: MembersDeps,
  groups: readonly string[],
): Promise<Omit<DirectoryMembers, "directory">> {
  const people: DirectoryMembers["people"] = [];
  try {
    const names = new Set<string>();
    for (const group of groups)
      for (const name of await directory.findCandidates(group)) names.add(name);
    const all = [...names].toSorted();
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const some = all.slice(at, at + AT_ONCE);
      const found = await Promise.all(
        some.map(async (user) => memberOf(user, await find({ kind: "user", user }, limits))),
      );
      people.push(...found.flatMap((one) => one ?? []));
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { state: "unreachable", detail, people: [] };
  }
  const held = people.map((one) => ({
    ...one,
    groups: one.groups.filter((group) => groups.includes(group)),
  }));
  return { state: "answered", people: held.filter((one) => one.groups.length > 0) };
}

function memberOf(user: string, facts: Facts): DirectoryMembers["people"][number] | undefined {
  if (facts.state === "unreachable") throw new Error(facts.why);
  // An entry that is called otherwise is somebody else's.
  if (!("entry" in facts) || facts.entry.user !== user) return undefined;
  return { user, groups: [...facts.entry.groups], age: Math.floor(facts.age) };
}
