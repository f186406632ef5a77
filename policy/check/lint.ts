import type { Model, TlsGrant } from "../model.ts";
import type { Report } from "../report.ts";
import { EVERYONE } from "../sections/declarations.ts";

/** Warns of what is probably not meant. */
export function lint(model: Model, report: Report): void {
  warnUnusedGroups(model, report);
  warnUntestedGrants(model, report);
  warnUnusedAuthorities(model, report);
  warnEmptyRoles(model, report);
  warnSharedUsage(model, report);
  warnInexactRules(model, report);
}

function warnUnusedGroups({ people, grants }: Model, report: Report): void {
  const used = new Set([...grants.values()].flatMap(({ to }) => to.names.map(({ text }) => text)));
  for (const { name, place } of people.values())
    if (!used.has(name)) report.warn("W601", place, `people group "${name}" gets no grant`);
}

/** A grant is reached when a test asks for it or lists it. */
function warnUntestedGrants({ tests, grants }: Model, report: Report): void {
  const reached = new Set(
    tests.flatMap((test) => (test.kind === "ask" ? [test.grant] : test.grants)),
  );
  const [first] = grants.values();
  if (tests.length === 0 && first !== undefined) {
    report.warn("W602", first.place, "no grant is reached by a test", {
      help: "add tests: that say who gets what",
    });
    return;
  }
  for (const { name, place } of grants.values())
    if (!reached.has(name)) report.warn("W602", place, `grant "${name}" is reached by no test`);
}

function warnUnusedAuthorities({ authorities, grants }: Model, report: Report): void {
  const used = new Set(
    [...grants.values()].flatMap((grant) => (grant.verb === "issue" ? [grant.authority.name] : [])),
  );
  for (const { name, place } of authorities.values())
    if (!used.has(name)) report.warn("W603", place, `authority "${name}" issues for no grant`);
}

function warnEmptyRoles({ roles, nodes }: Model, report: Report): void {
  const filled = new Set([...nodes.values()].flatMap((node) => node.roles));
  for (const [name, place] of roles)
    if (!filled.has(name)) report.warn("W604", place, `role "${name}" has no nodes`);
}

/**
 * A certificate for both usages is fine where its authority does nothing else; beside others,
 * whoever trusts the authority for one usage is shown certificates that are meant for the other too.
 */
function warnSharedUsage({ grants }: Model, report: Report): void {
  const tls = [...grants.values()].filter(
    (grant): grant is TlsGrant => grant.verb === "issue" && grant.kind === "tls",
  );
  for (const grant of tls) {
    const { name } = grant.authority;
    if (
      grant.usage.length < 2 ||
      tls.every((other) => other === grant || other.authority.name !== name)
    )
      continue;
    report.warn(
      "W605",
      grant.usagePlace,
      `grant "${grant.name}" is for servers and clients under authority "${name}", which others use too`,
      {
        help: "give it an authority of its own, or one usage",
      },
    );
  }
}

/** Somebody in two groups at once is not seen by the check of one group. */
function warnInexactRules({ never, people }: Model, report: Report): void {
  for (const { id, who, place } of never) {
    const group = who.mode === "is" ? who.names.find(({ text }) => people.has(text)) : undefined;
    if (group === undefined) continue;
    report.warn(
      "W606",
      place,
      `never rule "${id}" holds fully only when a certificate is asked for`,
      {
        label: `members of "${group.text}" may be in other groups too`,
        help: `say "not:" and who may, or is: [${EVERYONE[0]}]`,
      },
    );
  }
}
