import type { Place } from "../diagnostic.ts";
import type { AdmitGrant, FetchGrant, OperateGrant } from "../model.ts";
import type { Declarations } from "./declarations.ts";
import type { Fields } from "./fields.ts";
import { readHead, type HeadKey } from "./grant-head.ts";
import { checkReferences } from "./reference.ts";
import { readDuration, readList, readText, readWords } from "./values.ts";

/** The grant at hand: its name and where that stands. */
export type GrantAt = {
  readonly name: string;
  readonly place: Place;
  readonly declared: Declarations;
};

const HEAD = { to: "required", "source-address": "optional", reason: "optional" } as const;
/** The keys of a grant of a file. */
export const FETCH_SHAPE = { ...HEAD, fetch: "required" } as const;
/** The keys of a grant to admit nodes. */
export const ADMIT_SHAPE = { ...HEAD, admit: "required", "token-lifetime": "optional" } as const;
/** The keys of a grant to operate. */
export const OPERATE_SHAPE = { ...HEAD, operate: "required" } as const;

/** What `operate` can allow. */
export const ACTIONS = ["revoke", "audit", "apply"] as const;

/** Seconds for which a join string is good when the grant says nothing. */
const DEFAULT_TOKEN_LIFETIME = 3600;

/** Reads a grant of a file. */
export function readFetch(fields: Fields<HeadKey | "fetch">, at: GrantAt): FetchGrant | undefined {
  const { report } = at.declared;
  const head = readHead(at.name, at.place, fields, at.declared);
  const tree = fields("fetch");
  const file = tree && readText(tree, `fetch of grant "${at.name}"`, report);
  if (file === undefined) return undefined;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(file.text)) {
    report.error("E302", file.place, `file name "${file.text}" is malformed`, {
      label: "a plain name without a folder",
    });
    return undefined;
  }
  return head && { ...head, verb: "fetch", file };
}

/** Reads a grant to admit nodes. */
export function readAdmit(
  fields: Fields<HeadKey | "admit" | "token-lifetime">,
  at: GrantAt,
): AdmitGrant | undefined {
  const { roles, report } = at.declared;
  const what = `grant "${at.name}"`;
  const head = readHead(at.name, at.place, fields, at.declared);
  const [admitTree, lifetimeTree] = [fields("admit"), fields("token-lifetime")];
  const admit = admitTree && readList(admitTree, `admit of ${what}`, report);
  const sound = admit && checkReferences(admit, roles, "role", report);
  const tokenLifetime =
    lifetimeTree === undefined
      ? DEFAULT_TOKEN_LIFETIME
      : readDuration(lifetimeTree, `token-lifetime of ${what}`, report);
  if (!head || !admit || !sound || tokenLifetime === undefined) return undefined;
  return { ...head, verb: "admit", admit, tokenLifetime };
}

/** Reads a grant to look after the authority. */
export function readOperate(
  fields: Fields<HeadKey | "operate">,
  at: GrantAt,
): OperateGrant | undefined {
  const { report } = at.declared;
  const head = readHead(at.name, at.place, fields, at.declared);
  const tree = fields("operate");
  const what = `operate of grant "${at.name}"`;
  if (tree === undefined || readWords(tree, what, ACTIONS, report) === undefined) return undefined;
  const actions = readList(tree, what, report);
  return head && actions && { ...head, verb: "operate", actions };
}
