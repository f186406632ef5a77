import type { Policy } from "../decision.ts";
import { identitiesOf } from "../membership.ts";
import type { Grant } from "../model.ts";
import { givenByGrant } from "../never/given.ts";
import { findHit } from "../never/match.ts";
import { longestLifetime } from "../limits.ts";
import { formatDuration } from "../text/duration.ts";
import { bindingsOf, effectOf } from "./effect.ts";
import { isSame } from "./diff/field-changes.ts";
import { isWayInto } from "./rows.ts";
import { universeOf, type Requester } from "./universe.ts";

/** One line of the matrix: a role, nodes that differ from others of their roles, or a group of people. */
export type MatrixRow = {
  readonly who: string;
  /** A cell for each grant: a lifetime or `yes`; `//` where a never rule forbids it; `.` for none. */
  readonly cells: readonly string[];
};

/** Rows are subjects and columns grants, in the order of the file. */
export type Matrix = { readonly grants: readonly string[]; readonly rows: readonly MatrixRow[] };

const NONE = ".";
const FORBIDDEN = "//";

/** Who gets which grant, at a glance. */
export function matrixOf(policy: Policy): Matrix {
  const rows = [...roleRows(policy), ...groupRows(policy)];
  return { grants: [...policy.grants.keys()], rows };
}

/** Nodes with the same roles share a row; one that gets something else has a row of its own. */
function roleRows(policy: Policy): readonly MatrixRow[] {
  const shared = new Map<string, MatrixRow>();
  for (const role of policy.roles.keys()) {
    const withNewcomer = addNewcomer(policy, role);
    shared.set(role, { who: role, cells: cellsOf(withNewcomer.policy, withNewcomer.requester) });
  }
  const own = [...policy.nodes.values()].flatMap(({ name, roles }) => {
    const kind = roles.toSorted().join("+");
    const known = shared.get(kind);
    const cells = cellsOf(policy, nodeRequester(name), known?.cells);
    if (known === undefined) shared.set(kind, { who: kind, cells });
    return known === undefined || isSame(known.cells, cells) ? [] : [{ who: name, cells }];
  });
  return [...shared.values(), ...own];
}

const nodeRequester = (node: string): Requester => ({
  kind: "node",
  node,
  subject: { kind: "node", node },
});

/** The policy with one node more that has nothing but a role: what the role gives, whoever has it. */
function addNewcomer(
  policy: Policy,
  role: string,
): { readonly policy: Policy; readonly requester: Requester } {
  const written = [...policy.reserved.keys(), ...policy.nodes.keys()];
  let name = "newcomer";
  while (written.some((text) => text.includes(name))) name += "-x";
  const node = { name, roles: [role], address: "192.0.2.1", place: policy.cluster.place };
  const nodes = new Map([...policy.nodes, [name, node]]);
  return { policy: { ...policy, nodes }, requester: nodeRequester(name) };
}

/** One row for a group, and others for ways into it by which one gets something else. */
function groupRows(policy: Policy): readonly MatrixRow[] {
  const people = universeOf([policy]).filter((requester) => requester.kind === "person");
  return [...policy.people.keys()].flatMap((group) => {
    const ways = people.filter((person) => isWayInto(policy, person, group));
    const rows = ways.map((person) => ({
      who: `${group} (${person.facts.join(" and ")})`,
      cells: cellsOf(policy, person),
    }));
    const [first] = rows;
    if (first === undefined) return [{ who: group, cells: [...policy.grants].map(() => NONE) }];
    const others = rows.filter(({ cells }) => !isSame(cells, first.cells));
    return [{ ...first, who: group }, ...others];
  });
}

/** `unheld` has the cells of grants that go to others; it saves the work where they are known. */
function cellsOf(
  policy: Policy,
  requester: Requester,
  unheld?: readonly string[],
): readonly string[] {
  const identities = identitiesOf(policy, requester.subject);
  const isAnybody = requester.kind === "person" && requester.principal === undefined;
  const bindings = isAnybody ? {} : bindingsOf(policy, requester);
  return [...policy.grants.values()].map((grant, index) => {
    if (effectOf(policy, requester, grant) !== undefined) return cellOf(grant);
    const known = unheld?.[index];
    if (known === NONE || known === FORBIDDEN) return known;
    const hit = findHit(policy.never, identities, givenByGrant(grant, bindings));
    return hit === undefined ? NONE : FORBIDDEN;
  });
}

function cellOf(grant: Grant): string {
  const seconds = longestLifetime(grant);
  return seconds === undefined ? "yes" : formatDuration(seconds);
}
