import type { SshContent, TlsContent } from "../decision.ts";
import type {
  IssueGrant,
  Model,
  SshHostGrant,
  SshUserGrant,
  Template,
  TlsGrant,
} from "../model.ts";
import { parseAddress } from "../text/address.ts";
import { isDnsName, isPrincipalName, isSubjectPart } from "../text/name.ts";
import type { Bindings } from "../text/template.ts";
import { buildName, type Failure, type Form } from "./name.ts";

/** What a certificate is built from beside its grant. */
export type Ingredients = {
  readonly bindings: Bindings;
  readonly reserved: Model["reserved"];
  /** As it stands in the key ID: `node:w3`. */
  readonly subject: string;
  /** SSH principals that the requester chose; checked before. */
  readonly chosen: readonly string[];
};

/** RFC 5280 appendix A.1: ub-common-name, ub-organization-name. */
const SUBJECT_FORM: Form = { isSound: isSubjectPart, longest: 64 };
/** RFC 5280 §4.2.1.6. */
const NAME_FORM: Form = {
  isSound: (text) => isAddress(text) || isDnsName(text),
  longest: 253,
};
const PRINCIPAL_FORM: Form = { isSound: isPrincipalName, longest: 255 };

/** Builds what a grant's certificate holds, or says which name cannot be built. */
export function buildContent(
  grant: IssueGrant,
  from: Ingredients,
): TlsContent | SshContent | Failure {
  switch (grant.kind) {
    case "tls":
      return buildTls(grant, from);
    case "ssh-host":
      return buildHost(grant, from);
    case "ssh-user":
      return buildUser(grant, from);
  }
}

/** Tells a certificate's content from the reason why there is none. */
export const isFailure = (built: TlsContent | SshContent | Failure): built is Failure =>
  "template" in built;

function buildTls(grant: TlsGrant, from: Ingredients): TlsContent | Failure {
  const cn = buildName(grant.cn, from.bindings, from.reserved, SUBJECT_FORM);
  if ("kind" in cn) return cn;
  const o = buildNames(grant.o, from, SUBJECT_FORM);
  const names = buildNames(grant.names, from, NAME_FORM);
  if ("kind" in o) return o;
  if ("kind" in names) return names;
  const ip = names.texts.filter(looksLikeAddress);
  return {
    kind: "tls",
    usage: grant.usage,
    cn: cn.text,
    o: o.texts,
    dns: ip.length === 0 ? names.texts : names.texts.filter((text) => !ip.includes(text)),
    ip,
  };
}

/** Nearly all names do not, and need no reading; of those that are sound only addresses do. */
const looksLikeAddress = (text: string): boolean => /^[0-9.]+$|:/.test(text);

const isAddress = (text: string): boolean =>
  looksLikeAddress(text) && parseAddress(text) !== undefined;

function buildHost(grant: SshHostGrant, from: Ingredients): SshContent | Failure {
  const names = buildNames(grant.names, from, NAME_FORM);
  if ("kind" in names) return names;
  const keyId = `${from.subject} ${grant.name}`;
  return { kind: "ssh-host", keyId, principals: names.texts, extensions: [], sourceAddress: [] };
}

function buildUser(grant: SshUserGrant, from: Ingredients): SshContent | Failure {
  const names = buildNames(grant.principals, from, PRINCIPAL_FORM);
  if ("kind" in names) return names;
  return {
    kind: "ssh-user",
    keyId: `${from.subject} ${grant.name}`,
    principals: [...new Set([...names.texts, ...from.chosen])],
    extensions: grant.extensions,
    sourceAddress: grant.sourceAddress.map(({ text }) => text),
    ...(grant.forceCommand !== undefined && { forceCommand: grant.forceCommand }),
  };
}

/** Each name once, in the grant's order; the first that fails ends it. */
function buildNames(
  templates: readonly Template[],
  { bindings, reserved }: Ingredients,
  form: Form,
): { readonly texts: readonly string[] } | Failure {
  const texts = new Set<string>();
  for (const template of templates) {
    const name = buildName(template, bindings, reserved, form);
    if ("kind" in name) return name;
    texts.add(name.text);
  }
  return { texts: [...texts] };
}
