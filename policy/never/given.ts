import type { Plan } from "../decision.ts";
import type { Place } from "../diagnostic.ts";
import type { Aspect, Grant, IssueGrant, Model, Part, Template } from "../model.ts";
import { bind, type Bindings, firstVariable } from "../text/template.ts";

/** One thing that somebody is given, in the form in which rules look at it. */
export type Given =
  | {
      readonly kind: "name";
      readonly aspect: Aspect;
      /** With variables where the subject is a whole group. */
      readonly parts: readonly Part[];
      readonly place: Place;
    }
  | { readonly kind: "lifetime"; readonly seconds: number; readonly place: Place };

/** Everything that a plan gives. Read off the plan itself, so that nothing which is signed escapes. */
export function givenByPlan(plan: Plan, model: Model, place: Place): readonly Given[] {
  const literal = (aspect: Aspect, texts: readonly string[]): readonly Given[] =>
    texts.map((text) => ({ kind: "name", aspect, parts: [{ kind: "literal", text }], place }));
  switch (plan.verb) {
    case "fetch":
      return literal("fetch", [plan.file]);
    case "admit":
      return literal("admit", model.nodes.get(plan.node)?.roles ?? plan.roles);
    case "operate":
      return literal("operate", plan.actions);
    case "issue": {
      const { content, authority, lifetime } = plan;
      const head: readonly Given[] = [
        { kind: "lifetime", seconds: lifetime, place },
        ...literal("issue", [authority]),
      ];
      if (content.kind === "tls")
        return [
          ...head,
          ...literal("cn", [content.cn]),
          ...literal("o", content.o),
          ...literal("name", [...content.dns, ...content.ip]),
        ];
      return [
        ...head,
        ...literal(content.kind === "ssh-host" ? "name" : "principal", content.principals),
      ];
    }
  }
}

/** Everything that a grant can give, at its place; what `bindings` lacks stays a variable. */
export function givenByGrant(grant: Grant, bindings: Bindings): readonly Given[] {
  const literal = (aspect: Aspect, text: string, place: Place): Given => ({
    kind: "name",
    aspect,
    parts: [{ kind: "literal", text }],
    place,
  });
  switch (grant.verb) {
    case "fetch":
      return [literal("fetch", grant.file.text, grant.file.place)];
    case "admit":
      return grant.admit.map(({ text, place }) => literal("admit", text, place));
    case "operate":
      return grant.actions.map(({ text, place }) => literal("operate", text, place));
    case "issue":
      return [
        ...namesOfGrant(grant, bindings),
        literal("issue", grant.authority.name, grant.issuePlace),
        { kind: "lifetime", seconds: grant.lifetime, place: grant.lifetimePlace },
      ];
  }
}

/** Puts values into the names that are still open. */
export const bindGiven = (given: readonly Given[], bindings: Bindings): readonly Given[] =>
  given.map((one) =>
    one.kind === "name" && firstVariable(one.parts) !== undefined
      ? { ...one, parts: bind(one.parts, bindings) }
      : one,
  );

function namesOfGrant(grant: IssueGrant, bindings: Bindings): readonly Given[] {
  const named = (aspect: Aspect, templates: readonly Template[]): readonly Given[] =>
    templates.map(({ parts, place }) => ({
      kind: "name",
      aspect,
      parts: bind(parts, bindings),
      place,
    }));
  switch (grant.kind) {
    case "tls":
      return [...named("cn", [grant.cn]), ...named("o", grant.o), ...named("name", grant.names)];
    case "ssh-host":
      return named("name", grant.names);
    case "ssh-user":
      return named("principal", [...grant.principals, ...grant.mayChoose]);
  }
}
