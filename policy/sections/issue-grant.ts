import type { AuthorityKind } from "../decision.ts";
import type { Authority, IssueGrant, Written } from "../model.ts";
import type { MapTree } from "../source/tree.ts";
import { reportOverLimit } from "./authorities.ts";
import { readFields, type Fields, type Shape } from "./fields.ts";
import { readHead, type HeadKey, type IssueHead } from "./grant-head.ts";
import type { GrantAt } from "./other-grants.ts";
import { checkReference } from "./reference.ts";
import { readSshHost, readSshUser } from "./ssh-grant.ts";
import { readTls } from "./tls-grant.ts";
import { readDuration, readText } from "./values.ts";

const COMMON = {
  to: "required",
  issue: "required",
  lifetime: "optional",
  "source-address": "optional",
  reason: "optional",
} as const;
/** The keys of a grant of a certificate, by the kind of its authority. */
export const ISSUE_SHAPES = {
  tls: {
    ...COMMON,
    usage: "required",
    cn: "required",
    o: "optional",
    names: "optional",
    wildcard: "optional",
    recover: "optional",
  },
  "ssh-host": { ...COMMON, names: "optional" },
  "ssh-user": {
    ...COMMON,
    principals: "optional",
    "may-choose": "optional",
    "choose-at-most": "optional",
    extensions: "optional",
    "force-command": "optional",
  },
} as const satisfies Record<AuthorityKind, Shape<string>>;

/** Every key that some grant which issues may have. */
export const issueKeys = (): readonly string[] =>
  Object.values(ISSUE_SHAPES).flatMap((shape) => Object.keys(shape));

/** Reads a grant of a certificate; its authority's kind decides which keys it has. */
export function readIssueGrant(map: MapTree, at: GrantAt): IssueGrant | undefined {
  const { authorities, authorityNames, report } = at.declared;
  const what = `grant "${at.name}"`;
  const tree = map.entries.find(({ key }) => key.text === "issue")?.value;
  const name = tree && readText(tree, `issue of ${what}`, report);
  if (name === undefined || !checkReference(name, authorityNames, "authority", report))
    return undefined;
  const authority = authorities.get(name.text);
  switch (authority?.kind) {
    case undefined:
      return undefined;
    case "tls": {
      const fields = readFields(map, what, ISSUE_SHAPES.tls, report);
      const head = fields && readIssueHead(fields, name, authority, at);
      return fields && readTls(fields, head, at);
    }
    case "ssh-host": {
      const fields = readFields(map, what, ISSUE_SHAPES["ssh-host"], report);
      const head = fields && readIssueHead(fields, name, authority, at);
      return fields && readSshHost(fields, head, at);
    }
    case "ssh-user": {
      const fields = readFields(map, what, ISSUE_SHAPES["ssh-user"], report);
      const head = fields && readIssueHead(fields, name, authority, at);
      return fields && readSshUser(fields, head, at);
    }
  }
}

function readIssueHead(
  fields: Fields<HeadKey | "lifetime">,
  { place: issuePlace }: Written,
  authority: Authority,
  at: GrantAt,
): IssueHead | undefined {
  const { report } = at.declared;
  const head = readHead(at.name, at.place, fields, at.declared);
  const tree = fields("lifetime");
  const lifetime = tree
    ? readDuration(tree, `lifetime of grant "${at.name}"`, report)
    : authority.lifetime;
  if (lifetime === undefined) return undefined;
  if (tree && lifetime > authority.maxLifetime) reportOverLimit(tree, authority, report);
  const lifetimePlace = tree?.place ?? issuePlace;
  return head && { ...head, verb: "issue", authority, issuePlace, lifetime, lifetimePlace };
}
