import { templatesOf } from "../check/reserved.ts";
import type { IssuePlan } from "../decision.ts";
import type { Grant, Part } from "../model.ts";
import { formatDuration } from "../text/duration.ts";
import { bind, firstVariable, partsText } from "../text/template.ts";
import type { Effect } from "./effect.ts";

/** One thing that an effect consists of, as people write it. */
export type Field = {
  readonly name: FieldName;
  /** Sorted where the order means nothing; empty: the effect has none of it. */
  readonly values: readonly string[];
  /** For a duration, its seconds. */
  readonly seconds?: number;
};

/** Fields that say how a certificate is given, and not what stands in it. */
export const TERMS = [
  "lifetime",
  "source-address",
  "reason",
  "backdate",
  "keys",
  "recover-within",
  "recover-times",
] as const;

/** In the order in which fields are written. */
export const FIELD_NAMES = [
  "issue",
  "fetch",
  "admit",
  "operate",
  "cn",
  "o",
  "names",
  "login",
  "may-choose",
  "choose-at-most",
  "usage",
  "extensions",
  "force-command",
  ...TERMS,
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

/**
 * How names are shown: `closed` as they stand in the certificate, `open` with the requester's own
 * values as variables. Putting the values back into an open text gives the closed one.
 */
export type View = "open" | "closed";

/** What fields are read off: a plan, its grant, and the values of the variables in its names. */
export type Given = Pick<Effect, "grant" | "plan" | "bindings">;

/** Everything that an effect gives and asks for. Equal fields: equal answers to every request. */
export function fieldsOf(effect: Given, view: View): readonly Field[] {
  return [...planFields(effect, view), ...limitFields(effect.grant)].filter(
    ({ values }) => values.length > 0,
  );
}

function planFields(effect: Given, view: View): readonly Field[] {
  const { plan } = effect;
  switch (plan.verb) {
    case "fetch":
      return [{ name: "fetch", values: [plan.file] }];
    case "operate":
      return [{ name: "operate", values: sorted(plan.actions) }];
    case "admit":
      return [
        { name: "admit", values: sorted(plan.roles) },
        durationField("lifetime", plan.tokenLifetime),
      ];
    case "issue":
      return issueFields(plan, openerOf(effect, view));
  }
}

function issueFields(
  { content, authority, lifetime, backdate, keys }: IssuePlan,
  show: (text: string) => string,
): readonly Field[] {
  const named = (name: FieldName, texts: readonly string[]): Field => ({
    name,
    values: texts.map(show),
  });
  const common = [
    durationField("lifetime", lifetime),
    durationField("backdate", backdate),
    { name: "keys", values: sorted(keys) },
    { name: "issue", values: [authority] },
  ] as const;
  if (content.kind === "tls") {
    const usage: Field = { name: "usage", values: content.usage };
    const names = [...content.dns, ...content.ip];
    return [
      ...common,
      named("cn", [content.cn]),
      named("o", content.o),
      named("names", names),
      usage,
    ];
  }
  const { kind, principals, extensions, forceCommand } = content;
  return [
    ...common,
    named(kind === "ssh-host" ? "names" : "login", principals),
    { name: "extensions", values: extensions },
    { name: "force-command", values: forceCommand === undefined ? [] : [forceCommand] },
  ];
}

/** What a request has to keep to, read off the grant as `decide` does. */
export function limitFields(grant: Grant): readonly Field[] {
  const { sourceAddress, reasonRequired } = grant;
  const ranges = sourceAddress.map(({ text }) => text);
  return [
    // An SSH certificate has the list in it as it is written.
    { name: "source-address", values: isSshUser(grant) ? ranges : sorted(new Set(ranges)) },
    { name: "reason", values: reasonRequired ? ["required"] : [] },
    ...choiceFields(grant),
    ...recoverFields(grant),
  ];
}

function recoverFields(grant: Grant): readonly Field[] {
  if (grant.verb !== "issue" || grant.kind !== "tls" || grant.recover === undefined) return [];
  const { within, times } = grant.recover;
  return [durationField("recover-within", within), { name: "recover-times", values: [`${times}`] }];
}

const isSshUser = (grant: Grant): boolean => grant.verb === "issue" && grant.kind === "ssh-user";

function choiceFields(grant: Grant): readonly Field[] {
  if (grant.verb !== "issue" || grant.kind !== "ssh-user" || grant.mayChoose.length === 0)
    return [];
  const offered = grant.mayChoose.map(({ parts }) => partsText(parts));
  const most = Math.min(grant.chooseAtMost, offered.length);
  return [
    { name: "may-choose", values: sorted(offered) },
    { name: "choose-at-most", values: [String(most)] },
  ];
}

const durationField = (name: FieldName, seconds: number): Field => ({
  name,
  values: [formatDuration(seconds)],
  seconds,
});

const sorted = (texts: Iterable<string>): readonly string[] => [...texts].toSorted();

/** Writes a name as the template that it was built from. */
function openerOf({ grant, bindings }: Given, view: View): (text: string) => string {
  if (view === "closed") return (text) => text;
  const templates = new Map(
    openTemplates(grant).map(({ parts, text }) => [partsText(bind(parts, bindings)), text]),
  );
  return (text) => templates.get(text) ?? text;
}

type OpenTemplate = { readonly parts: readonly Part[]; readonly text: string };

/** A grant is never changed, and is looked at once for each of its holders. */
const remembered = new WeakMap<Grant, readonly OpenTemplate[]>();

/** The templates with variables; what a name is without is the name itself. */
function openTemplates(grant: Grant): readonly OpenTemplate[] {
  const known = remembered.get(grant);
  if (known !== undefined) return known;
  const open = templatesOf(grant)
    .filter(({ parts }) => firstVariable(parts) !== undefined)
    .map(({ parts }) => ({ parts, text: partsText(parts) }));
  remembered.set(grant, open);
  return open;
}
