import { AUTHORITY_KINDS, KEY_KINDS, type AuthorityKind, type KeyKind } from "../decision.ts";
import type { Place } from "../diagnostic.ts";
import type { Authority } from "../model.ts";
import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";
import { formatDuration } from "../text/duration.ts";
import { readFields } from "./fields.ts";
import { checkName } from "./reference.ts";
import { readDuration, readWord, readWords } from "./values.ts";

/** The keys of an authority. */
export const AUTHORITY_SHAPE = {
  kind: "required",
  keys: "required",
  lifetime: "required",
  "max-lifetime": "optional",
  backdate: "optional",
} as const;

/** Seconds by which `notBefore` lies back when the authority says nothing; kubeadm does the same. */
const DEFAULT_BACKDATE = 300;
/** More would make a certificate good for a time in which nobody had asked for it. */
const MAX_BACKDATE = 86_400;

/** Reads `authorities:`. */
export function readAuthorities(map: MapTree, report: Report): ReadonlyMap<string, Authority> {
  const authorities = new Map<string, Authority>();
  for (const { key, value } of map.entries) {
    const authority = readAuthority(key.text, value, key.place, report);
    if (authority !== undefined) authorities.set(key.text, authority);
  }
  return authorities;
}

function readAuthority(
  name: string,
  tree: Tree,
  place: Place,
  report: Report,
): Authority | undefined {
  const what = `authority "${name}"`;
  checkName({ text: name, place }, "authority", report);
  const fields = readFields(tree, what, AUTHORITY_SHAPE, report);
  const [kindTree, keysTree, lifetimeTree] = [
    fields?.("kind"),
    fields?.("keys"),
    fields?.("lifetime"),
  ];
  const limitTree = fields?.("max-lifetime") ?? lifetimeTree;
  const kind = kindTree && readWord(kindTree, `kind of ${what}`, AUTHORITY_KINDS, report);
  const keys = keysTree && readWords(keysTree, `keys of ${what}`, keyKindsOf(kind), report);
  const lifetime = lifetimeTree && readDuration(lifetimeTree, `lifetime of ${what}`, report);
  const maxLifetime = limitTree && readDuration(limitTree, `max-lifetime of ${what}`, report);
  const backdate = readBackdate(fields?.("backdate"), what, report);
  if (!lifetimeTree || !limitTree || lifetime === undefined || maxLifetime === undefined)
    return undefined;
  const limit = { text: writtenText(limitTree), place: limitTree.place };
  if (lifetime > maxLifetime) reportOverLimit(lifetimeTree, { name, limit }, report);
  if (kind === undefined || keys === undefined || backdate === undefined) return undefined;
  return { name, kind, keys, lifetime, maxLifetime, limit, backdate, place };
}

/** A key on a security token (`ed25519-sk`) is of SSH alone. */
const keyKindsOf = (kind: AuthorityKind | undefined): readonly KeyKind[] =>
  kind === "tls" ? KEY_KINDS.filter((key) => key !== "ed25519-sk") : KEY_KINDS;

function readBackdate(tree: Tree | undefined, what: string, report: Report): number | undefined {
  if (tree === undefined) return DEFAULT_BACKDATE;
  const seconds = readDuration(tree, `backdate of ${what}`, report);
  if (seconds === undefined || seconds <= MAX_BACKDATE) return seconds;
  report.error(
    "E303",
    tree.place,
    `backdate of ${what} is longer than ${formatDuration(MAX_BACKDATE)}`,
  );
  return undefined;
}

/** Says that a lifetime is longer than its authority allows, and where that is written. */
export function reportOverLimit(
  tree: Tree,
  authority: Pick<Authority, "name" | "limit">,
  report: Report,
): void {
  const { name, limit } = authority;
  const message = `lifetime ${writtenText(tree)} is longer than authority "${name}" allows`;
  report.error("E303", tree.place, message, {
    label: `the limit is ${limit.text}`,
    notes: [{ place: limit.place, message: "limit set here" }],
    help: "shorten it, or raise max-lifetime where everyone sees it",
  });
}

const writtenText = (tree: Tree): string => (tree.kind === "text" ? tree.text : "");
