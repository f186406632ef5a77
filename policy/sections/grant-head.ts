import type { Place } from "../diagnostic.ts";
import type { Grant, IssueGrant, SourceRange, Written } from "../model.ts";
import type { Tree } from "../source/tree.ts";
import { parseRange } from "../text/address.ts";
import type { Declarations } from "./declarations.ts";
import type { Fields } from "./fields.ts";
import { checkReference, checkReferences } from "./reference.ts";
import { readList, readWord } from "./values.ts";

/** The keys that every grant may have. */
export const HEAD_KEYS = ["to", "source-address", "reason"] as const;
export type HeadKey = (typeof HEAD_KEYS)[number];

/** What all grants have in common. */
export type Head = Pick<Grant, "name" | "to" | "sourceAddress" | "reasonRequired" | "place">;

/** What the readers of the three kinds start from. */
export type IssueHead = Head &
  Pick<IssueGrant, "verb" | "authority" | "issuePlace" | "lifetime" | "lifetimePlace">;

/** Reads who gets a grant and which limits a request has to keep. */
export function readHead(
  name: string,
  place: Place,
  fields: Fields<HeadKey>,
  declared: Declarations,
): Head | undefined {
  const what = `grant "${name}"`;
  const [toTree, sourceTree, reasonTree] = [
    fields("to"),
    fields("source-address"),
    fields("reason"),
  ];
  const to = toTree && readRecipients(toTree, what, declared);
  const sourceAddress = sourceTree === undefined ? [] : readSources(sourceTree, what, declared);
  const reason =
    reasonTree && readWord(reasonTree, `reason of ${what}`, ["required"], declared.report);
  if (to === undefined || sourceAddress === undefined) return undefined;
  return { name, to, sourceAddress, reasonRequired: reason !== undefined, place };
}

function readRecipients(tree: Tree, what: string, declared: Declarations): Head["to"] | undefined {
  const { roles, people, report } = declared;
  const names = readList(tree, `to of ${what}`, report);
  const known = new Map([...roles, ...people]);
  if (!names || !checkReferences(names, known, "role or people group", report)) return undefined;
  const role = names.find(({ text }) => roles.has(text));
  const group = names.find(({ text }) => !roles.has(text));
  if (role === undefined || group === undefined) return { kind: role ? "roles" : "people", names };
  report.error("E205", group.place, `to of ${what} mixes roles and people`, {
    label: `"${group.text}" is a people group`,
    notes: [{ place: role.place, message: `"${role.text}" is a role` }],
    help: "make two grants of it",
  });
  return undefined;
}

function readSources(
  tree: Tree,
  what: string,
  declared: Declarations,
): readonly SourceRange[] | undefined {
  const names = readList(tree, `source-address of ${what}`, declared.report);
  if (names === undefined) return undefined;
  const sound = names.filter((name) =>
    checkReference(name, declared.networks, "network", declared.report),
  );
  return sound.length < names.length
    ? undefined
    : sound.flatMap((name) => rangesOf(name, declared));
}

function rangesOf({ text: network }: Written, { cluster }: Declarations): readonly SourceRange[] {
  return (cluster?.networks.get(network) ?? []).flatMap((text) => {
    const range = parseRange(text);
    return range === undefined ? [] : [{ ...range, text }];
  });
}
