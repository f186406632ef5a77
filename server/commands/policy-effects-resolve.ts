import type { Holder } from "../../policy/effects/who-can.ts";
import type { Members } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import type { AdminClient } from "./admin-client.ts";
import { formatSpan } from "./terminal.ts";

/** Whom `any of GROUP` stands for now. */
export type Resolved = {
  readonly who: string;
  readonly grant: string;
  /** `age`: seconds since the directory said so. */
  readonly people: readonly { readonly user: string; readonly age: number }[];
  /** Why there may be others: directories that do not answer. */
  readonly unknown: readonly string[];
  /** Directories by which nobody is in it, since keyserver has no connection to them. */
  readonly unconnected: readonly string[];
};

/** Asks the running keyserver who is in the groups of these answers. @throws OperatorError when it does not run */
export async function resolveGroups(
  client: AdminClient,
  holders: readonly Holder[],
): Promise<readonly Resolved[]> {
  const facts = new Set(
    holders.flatMap(({ who }) => (who.kind === "group" ? who.ways.flat() : [])),
  );
  if (facts.size === 0) return [];
  const path = ADMIN_PATHS.policyMembers;
  const { directories } = await client.post("Members", path, { facts: [...facts] });
  return holders.flatMap((holder) => resolveOne(directories, holder) ?? []);
}

type Directories = Members["directories"];

function resolveOne(directories: Directories, { who, effect, as }: Holder): Resolved | undefined {
  if (who.kind !== "group") return undefined;
  const people = peopleOf(directories).filter(
    ({ user, facts }) =>
      who.ways.some((way) => way.every((fact) => facts.has(fact))) &&
      (as === undefined || as === user || as.startsWith(`${user}@`)),
  );
  const asked = new Set(who.ways.flat().map((fact) => fact.slice(0, fact.indexOf(":"))));
  const own = directories.filter(({ directory }) => asked.has(directory));
  return {
    who: `any of ${who.group}`,
    grant: effect.grant.name,
    people: people.map(({ user, age }) => ({ user, age })),
    unknown: own.flatMap(({ directory, state, detail = "" }) =>
      state === "unreachable" ? [`${directory}: ${detail}`] : [],
    ),
    unconnected: own.flatMap(({ directory, state }) =>
      state === "not configured" ? [directory] : [],
    ),
  };
}

type Known = { readonly user: string; readonly age: number; readonly facts: ReadonlySet<string> };

/** One person of several directories; what is oldest says how old it is. */
function peopleOf(directories: Directories): readonly Known[] {
  const entries = directories.flatMap(({ directory, people }) =>
    people.map(({ user, age, groups }) => ({
      user,
      age,
      facts: groups.map((group) => `${directory}:${group}`),
    })),
  );
  return [...Map.groupBy(entries, ({ user }) => user)].map(([user, own]) => ({
    user,
    age: Math.max(...own.map(({ age }) => age)),
    facts: new Set(own.flatMap(({ facts }) => facts)),
  }));
}

/** A line for each answer about a group: `any of oncall by ssh-oncall: bob, as of 3 s ago`. */
export const formatResolved = (resolved: readonly Resolved[]): readonly string[] =>
  resolved.map(({ who, grant, people, unknown, unconnected }) => {
    const oldest = Math.max(0, ...people.map(({ age }) => age));
    const names = people.map(({ user }) => user).join(", ");
    const known = people.length === 0 ? "nobody now" : `${names}, as of ${formatSpan(oldest)} ago`;
    const isUnknown = people.length === 0 && unknown.length > 0;
    return [
      `${who} by ${grant}: ${isUnknown ? "not known" : known}`,
      ...unknown.map((why) => `no answer from ${why}`),
      ...unconnected.map((name) => `nobody by ${name}, which server.yaml does not connect`),
    ].join("; ");
  });
