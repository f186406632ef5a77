import type { Place } from "../../diagnostic.ts";
import type { Cluster, Node, PeopleGroup, Written } from "../../model.ts";
import { changeIn, gone, keysOf, type Change } from "./change.ts";
import type { Pair } from "./deltas.ts";
import { isSame, without } from "./field-changes.ts";

/** What an edit makes of the cluster, its roles and nodes, and the groups of people. */
export const whoChanges = (pair: Pair): readonly Change[] => [
  ...clusterChanges(pair),
  ...roleChanges(pair),
  ...peopleChanges(pair),
  ...nodeChanges(pair),
];

const who = (sign: Change["sign"], what: string, text: string, place: Place): Change =>
  changeIn("who is who", sign, { what, text, place });

function clusterChanges({ before, after }: Pair): readonly Change[] {
  const values = ({ name, domain, internalDomain, realm }: Cluster) =>
    new Map(Object.entries({ name, domain, "internal-domain": internalDomain, realm }));
  const [old, now] = [values(before.cluster), values(after.cluster)];
  return [...now].flatMap(([key, value]) => {
    const was = old.get(key);
    if (was === value) return [];
    return [
      who("~", "cluster", `${key} ${was ?? "none"} -> ${value ?? "none"}`, after.cluster.place),
    ];
  });
}

function roleChanges({ before, after }: Pair): readonly Change[] {
  return keysOf(after.roles, before.roles).flatMap((role) => {
    const [old, now] = [before.roles.get(role), after.roles.get(role)];
    if (now !== undefined) return old === undefined ? [who("+", `role ${role}`, "", now)] : [];
    return old === undefined ? [] : [gone(who("-", `role ${role}`, "", old))];
  });
}

function nodeChanges({ before, after }: Pair): readonly Change[] {
  return keysOf(after.nodes, before.nodes).flatMap((name) => {
    const [old, now] = [before.nodes.get(name), after.nodes.get(name)];
    const whole = ({ roles, address }: Node): string =>
      [roles.join(","), address ?? ""].join(" ").trimEnd();
    const what = `node ${name}`;
    if (now === undefined)
      return old === undefined ? [] : [gone(who("-", what, whole(old), old.place))];
    if (old === undefined) return [who("+", what, whole(now), now.place)];
    const texts = nodeDifferences(old, now);
    return texts.length === 0 ? [] : [who("~", what, texts.join("  "), now.place)];
  });
}

function nodeDifferences(old: Node, now: Node): readonly string[] {
  const roles = isSame(old.roles.toSorted(), now.roles.toSorted())
    ? []
    : [`roles ${old.roles.join(",")} -> ${now.roles.join(",")}`];
  if (old.address === now.address) return roles;
  return [...roles, `address ${old.address ?? "none"} -> ${now.address ?? "none"}`];
}

function peopleChanges({ before, after }: Pair): readonly Change[] {
  return keysOf(after.people, before.people).flatMap((name) => {
    const [old, now] = [before.people.get(name), after.people.get(name)];
    const what = `people ${name}`;
    if (now === undefined)
      return old === undefined ? [] : [gone(who("-", what, groupText(old), old.place))];
    if (old === undefined) return [who("+", what, groupText(now), now.place)];
    const lines = (
      sign: Change["sign"],
      facts: readonly Written[],
      others: readonly Written[],
      says: string,
    ) => lacking(facts, others).map(({ text, place }) => who(sign, what, `${says} ${text}`, place));
    return [
      ...lines("+", now.from, old.from, "may now come from"),
      ...lines("-", old.from, now.from, "may no longer come from").map(gone),
      ...lines("-", now.alsoIn, old.alsoIn, "must now also be in"),
      ...lines("+", old.alsoIn, now.alsoIn, "need no longer be in").map(gone),
    ];
  });
}

function lacking(facts: readonly Written[], others: readonly Written[]): readonly Written[] {
  const missing = without(
    facts.map(({ text }) => text),
    others.map(({ text }) => text),
  );
  return facts.filter(({ text }) => missing.includes(text));
}

function groupText({ from, alsoIn }: PeopleGroup): string {
  const also =
    alsoIn.length === 0 ? "" : `, also in ${alsoIn.map(({ text }) => text).join(" and ")}`;
  return `from ${from.map(({ text }) => text).join(" or ")}${also}`;
}
