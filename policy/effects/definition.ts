import type { Grant, IssueGrant, Template } from "../model.ts";
import { formatDuration } from "../text/duration.ts";
import { partsText } from "../text/template.ts";
import { limitFields, type Field } from "./fields.ts";

/**
 * What is written in a grant about what it gives, whoever gets it; `to` and what its authority says
 * aside. All lists are sorted: an order that matters shows in what somebody gets.
 */
export const definitionOf = (grant: Grant): readonly Field[] =>
  [...limitFields(grant), ...contentOf(grant)]
    .filter(({ values }) => values.length > 0)
    .map((field) => ({ ...field, values: field.values.toSorted() }));

function contentOf(grant: Grant): readonly Field[] {
  switch (grant.verb) {
    case "fetch":
      return [{ name: "fetch", values: [grant.file.text] }];
    case "operate":
      return [{ name: "operate", values: grant.actions.map(({ text }) => text) }];
    case "admit":
      return [
        { name: "admit", values: grant.admit.map(({ text }) => text) },
        durationField(grant.tokenLifetime),
      ];
    case "issue":
      return [
        { name: "issue", values: [grant.authority.name] },
        durationField(grant.lifetime),
        ...namesOf(grant),
      ];
  }
}

function namesOf(grant: IssueGrant): readonly Field[] {
  switch (grant.kind) {
    case "tls":
      return [
        { name: "cn", values: textsOf([grant.cn]) },
        { name: "o", values: textsOf(grant.o) },
        { name: "names", values: textsOf(grant.names) },
        { name: "usage", values: grant.usage },
      ];
    case "ssh-host":
      return [{ name: "names", values: textsOf(grant.names) }];
    case "ssh-user":
      return [
        { name: "login", values: textsOf(grant.principals) },
        { name: "extensions", values: grant.extensions },
        {
          name: "force-command",
          values: grant.forceCommand === undefined ? [] : [grant.forceCommand],
        },
      ];
  }
}

/** Two spellings of one template have the same parts. */
const textsOf = (templates: readonly Template[]): readonly string[] =>
  templates.map(({ parts }) => partsText(parts));

const durationField = (seconds: number): Field => ({
  name: "lifetime",
  values: [formatDuration(seconds)],
  seconds,
});
