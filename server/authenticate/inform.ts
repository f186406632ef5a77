import type { Policy, Subject } from "../../policy/decision.ts";
import { directoriesFor, factsWanted } from "../../policy/facts.ts";
import type { DirectoryState } from "../../protocol/messages.ts";
import type { PersonName } from "../directory/directory.ts";
import type { AgeLimits, FactFinder, Facts } from "../directory/facts.ts";
import type { Caller } from "./caller.ts";
import { lookupName, parsePrincipal } from "./principal.ts";

/** Finds out what the policy wants to know of a caller before it decides about these grants. Never rejects. */
export type Inform = (caller: Caller, grants: readonly string[]) => Promise<Caller>;

export type InformDeps = {
  readonly policy: () => Policy;
  /** How each directory that is connected is asked, by its name in the policy. */
  readonly finders: ReadonlyMap<string, FactFinder>;
};

type Person = Extract<Subject, { readonly kind: "person" }>;

/** What a directory may not be asked for longer than this when the policy says nothing of it; seconds. */
export const USUAL: AgeLimits = { maxAge: 300, useLast: 0 };

/**
 * Creates {@link Inform}. Nodes and root are what they are; of people only the directories are asked on which the
 * grants in question depend, so that what Kerberos alone decides needs no directory.
 */
export function createInform({ policy, finders }: InformDeps): Inform {
  return async (caller, grants) => {
    const { subject } = caller;
    if (subject.kind !== "person") return caller;
    const current = policy();
    const needed = [...directoriesFor(current, grants)];
    if (needed.length === 0) return caller;
    const name = nameOf(subject, current);
    const answers = await Promise.all(
      needed.map((directory) => ask(current, directory, finders.get(directory), name)),
    );
    return { ...caller, subject: withFacts(subject, answers), directories: answers.map(stateOf) };
  };
}

type Answer = {
  readonly directory: string;
  readonly facts: Facts | { readonly state: "not configured" };
  /** Groups that the policy mentions. */
  readonly groups: readonly string[];
};

const nameOf = ({ principal, user }: Person, policy: Policy): PersonName | undefined => {
  const { realm } = policy.cluster;
  if (principal !== undefined) {
    return realm === undefined ? undefined : lookupName(parsePrincipal(principal), realm);
  }
  return user === undefined ? undefined : { kind: "user", user };
};

async function ask(
  policy: Policy,
  directory: string,
  find: FactFinder | undefined,
  name: PersonName | undefined,
): Promise<Answer> {
  if (find === undefined) return { directory, facts: { state: "not configured" }, groups: [] };
  // Another realm's alice, or alice/admin, is not the directory's alice.
  if (name === undefined) return { directory, facts: { state: "absent", age: 0 }, groups: [] };
  const facts = await find(name, policy.directories.get(directory) ?? USUAL);
  if (!("entry" in facts)) return { directory, facts, groups: [] };
  const { user, groups } = facts.entry;
  const asked = name.kind === "user" ? name.user : name.primary;
  // Nothing is mapped: an entry that is called otherwise is somebody else's.
  if (user !== asked) {
    return { directory, facts: { state: "absent", age: facts.age }, groups: [] };
  }
  const wanted = factsWanted(policy, directory);
  return { directory, facts, groups: groups.filter((group) => wanted.has(group)) };
}

function withFacts(person: Person, answers: readonly Answer[]): Person {
  const found = answers.flatMap(({ facts }) => ("entry" in facts ? [facts.entry.user] : []));
  const [user] = found;
  const memberships = answers.flatMap(({ directory, groups }) =>
    groups.map((group) => `${directory}:${group}`),
  );
  return {
    ...person,
    ...(user === undefined ? {} : { user }),
    in: [...new Set([...person.in, ...memberships])],
  };
}

function stateOf({ directory, facts, groups }: Answer): DirectoryState {
  const { state } = facts;
  switch (state) {
    case "answered":
    case "kept":
      return { directory, state, age: Math.floor(facts.age), groups: [...groups] };
    case "absent":
      return { directory, state, age: Math.floor(facts.age) };
    case "unclear":
      return { directory, state: "absent", detail: facts.why };
    case "unreachable": {
      const silent = facts.silent === undefined ? {} : { age: Math.floor(facts.silent) };
      return { directory, state, detail: facts.why, ...silent };
    }
    case "not configured":
      return { directory, state, detail: `server.yaml connects no directory ${directory}` };
  }
}
