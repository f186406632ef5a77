import type { Template, TlsGrant } from "../model.ts";
import type { Tree } from "../source/tree.ts";
import { hasWildcard } from "../text/name.ts";
import { partsText } from "../text/template.ts";
import type { Fields } from "./fields.ts";
import type { IssueHead } from "./grant-head.ts";
import type { GrantAt } from "./other-grants.ts";
import { readRecover } from "./recover.ts";
import { readTemplate, readTemplates } from "./templates.ts";
import { readBoolean, readWords } from "./values.ts";

type Key = "usage" | "cn" | "o" | "names" | "wildcard" | "recover";

/** What a TLS certificate can be for. */
export const USAGES = ["server", "client"] as const;

/** Reads what a TLS certificate holds. Every key is looked at, also when the head could not be read. */
export function readTls(
  fields: Fields<Key>,
  head: IssueHead | undefined,
  at: GrantAt,
): TlsGrant | undefined {
  const { constants, report } = at.declared;
  const what = `grant "${at.name}"`;
  const [usageTree, cnTree, wildcardTree] = [fields("usage"), fields("cn"), fields("wildcard")];
  const usage = usageTree && readWords(usageTree, `usage of ${what}`, USAGES, report);
  const wildcard = wildcardTree ? readBoolean(wildcardTree, `wildcard of ${what}`, report) : false;
  if (head === undefined) return undefined;
  const setting = { subject: head.to.kind, constants, report };
  const cn = cnTree && readTemplate(cnTree, `cn of ${what}`, { ...setting, field: "cn" });
  const list = (tree: Tree | undefined, field: "o" | "names"): readonly Template[] | undefined =>
    tree ? readTemplates(tree, `${field} of ${what}`, { ...setting, field }) : [];
  const [o, names] = [list(fields("o"), "o"), list(fields("names"), "names")];
  const recoverTree = fields("recover");
  const recover = recoverTree && readRecover(recoverTree, head.authority.name, at);
  if (!usage || !usageTree || !cn || !o || !names || wildcard === undefined) return undefined;
  if (wildcardTree ? !wildcard : fields.lacks("wildcard")) refuseWildcards(names, at);
  if (usage.includes("server") && fields.lacks("names")) {
    report.error("E112", at.place, `${what} is for servers and has no "names"`, {
      label: "clients look at the names of a server, never at its cn",
    });
  }
  const common = { ...head, usage, usagePlace: usageTree.place, cn, o, names };
  return { ...common, kind: "tls", ...(recover === undefined ? {} : { recover }) };
}

/** A name for everything below a domain must be meant. */
export function refuseWildcards(names: readonly Template[], { name, declared }: GrantAt): void {
  for (const template of names.filter(({ parts }) => hasWildcard(partsText(parts)))) {
    declared.report.error(
      "E307",
      template.place,
      `"${template.text}" is a wildcard that grant "${name}" does not declare`,
      {
        label: "stands for every name below",
        help: "list each name; or say wildcard: true on a grant from a tls authority",
      },
    );
  }
}
