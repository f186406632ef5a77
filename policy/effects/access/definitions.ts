import type { Policy } from "../../decision.ts";
import type { Condition, NeverRule, Pattern } from "../../model.ts";
import { formatDuration } from "../../text/duration.ts";
import { wordValues } from "../wording.ts";

/**
 * What a policy says beside its grants and nodes, a line each, whether anybody feels it now or not:
 * `people: oncall from ldap:hyades-oncall`, `never: no-wildcard wildcard not ceph`.
 *
 * A section's name has a colon behind it, which no node, group or principal has.
 */
export const definitionLines = (policy: Policy): readonly string[] => [
  ...clusterLines(policy),
  ...directoryLines(policy),
  ...authorityLines(policy),
  ...roleLines(policy),
  ...peopleLines(policy),
  ...policy.never.map(neverLine),
];

const list = (values: Iterable<string>): string => wordValues([...values].toSorted());

function clusterLines({ cluster }: Policy): readonly string[] {
  const { name, domain, internalDomain, realm, networks } = cluster;
  const values = { name, domain, "internal-domain": internalDomain, realm };
  return [
    ...Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [`cluster: ${key} ${wordValues([value])}`],
    ),
    ...[...networks].map(([network, ranges]) => `network: ${network} ${list(ranges)}`),
  ];
}

const directoryLines = ({ directories }: Policy): readonly string[] =>
  [...directories.values()].map(({ name, maxAge, useLast }) => {
    const last = useLast === 0 ? "deny" : `use-last ${formatDuration(useLast)}`;
    return `directory: ${name} max-age ${formatDuration(maxAge)} when-unreachable ${last}`;
  });

const authorityLines = ({ authorities }: Policy): readonly string[] =>
  [...authorities.values()].map(({ name, kind, keys, lifetime, maxLifetime, backdate }) => {
    const spans = `lifetime ${formatDuration(lifetime)} max-lifetime ${formatDuration(maxLifetime)}`;
    return `authority: ${name} ${kind} ${spans} backdate ${formatDuration(backdate)} keys ${list(keys)}`;
  });

/** A role that a node has stands in the node's line. */
function roleLines({ roles, nodes }: Policy): readonly string[] {
  const held = new Set([...nodes.values()].flatMap((node) => node.roles));
  return [...roles.keys()]
    .filter((role) => !held.has(role))
    .map((role) => `role: ${role} has no nodes`);
}

const peopleLines = ({ people }: Policy): readonly string[] =>
  [...people.values()].flatMap(({ name, from, alsoIn }) => {
    const line = (word: string, text: string): string =>
      `people: ${name} ${word} ${wordValues([text])}`;
    return [
      ...from.map(({ text }) => line("from", text)),
      ...alsoIn.map(({ text }) => line("also-in", text)),
    ];
  });

function neverLine({ id, who, gets, because }: NeverRule): string {
  const names = list(new Set(who.names.map(({ text }) => text)));
  const conditions = gets.map(conditionText).toSorted().join(" ");
  const why = because === undefined ? "" : ` because ${JSON.stringify(because)}`;
  return `never: ${id} ${conditions} ${who.mode} ${names}${why}`;
}

function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case "matches":
      return `${condition.aspect} ${list(new Set(condition.patterns.map(patternText)))}`;
    case "lifetime-over":
      return `lifetime-over ${formatDuration(condition.seconds)}`;
    case "wildcard":
      return "wildcard";
  }
}

const patternText = ({ kind, text }: Pattern): string => (kind === "prefix" ? `${text}*` : text);
