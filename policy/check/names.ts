import { nodeBindings } from "../build/bindings.ts";
import { buildContent, isFailure } from "../build/content.ts";
import type { Failure } from "../build/name.ts";
import type { Code } from "../codes/codes.ts";
import type { IssueGrant, Model, Node } from "../model.ts";
import type { Report } from "../report.ts";
import { SYSTEM_ACCOUNTS } from "../text/accounts.ts";
import type { Bindings } from "../text/template.ts";

/** Builds what every node gets of every grant: a name that cannot be built is found before anybody asks. */
export function checkNames(model: Model, report: Report): void {
  const grantsOf = createGrantFinder(model);
  for (const node of model.nodes.values()) {
    const bindings = nodeBindings(node, model.cluster);
    if (isReserved(node, bindings, model, report)) continue;
    for (const grant of grantsOf(node)) checkGrant(grant, node, bindings, model, report);
  }
}

/** Gives the grants of certificates that go to a node; looked up once for nodes of the same roles. */
function createGrantFinder({ grants }: Model): (node: Node) => readonly IssueGrant[] {
  const issuing = [...grants.values()].filter((grant) => grant.verb === "issue");
  const known = new Map<string, readonly IssueGrant[]>();
  return ({ roles }) => {
    const key = roles.join(",");
    const found = known.get(key) ?? issuing.filter((grant) => goesTo(grant, roles));
    known.set(key, found);
    return found;
  };
}

const goesTo = ({ to }: IssueGrant, roles: readonly string[]): boolean =>
  to.kind === "roles" && to.names.some(({ text }) => roles.includes(text));

/** None of a node's own values may be a name that is written out somewhere. */
function isReserved(
  node: Node,
  bindings: Bindings,
  { reserved }: Pick<Model, "reserved">,
  report: Report,
): boolean {
  const values = Object.values(bindings);
  const taken = values.find((value) => reserved.has(value) || SYSTEM_ACCOUNTS.has(value));
  if (taken === undefined) return false;
  const place = reserved.get(taken);
  report.error("E309", node.place, `node "${node.name}" takes the name "${taken}"`, {
    label: place ? "a grant or a rule means something else by it" : "an account that systems have",
    notes: place ? [{ place, message: "written here" }] : [],
    help: "call the machine something else",
  });
  return true;
}

function checkGrant(
  grant: IssueGrant,
  node: Node,
  bindings: Bindings,
  model: Model,
  report: Report,
): void {
  const { reserved } = model;
  const built = buildContent(grant, { bindings, reserved, subject: "", chosen: [] });
  if (isFailure(built)) reportFailure(built, grant, node, model, report);
}

/** Said at the node, once for each code: the same name often fails in several grants. */
function reportFailure(
  { kind, template, text }: Failure,
  grant: IssueGrant,
  node: Node,
  model: Model,
  report: Report,
): void {
  const here = { place: template.place, message: `"${template.text}" is written here` };
  const say = (code: Code, message: string, notes = [here]): void =>
    report.error(code, node.place, `node "${node.name}" ${message}`, { notes });
  switch (kind) {
    case "no-value":
      return say("E203", `has no "${text}", which grant "${grant.name}" needs`);
    case "too-long":
      return say(
        "E303",
        `makes grant "${grant.name}" too long: ${text.length} characters in "${text}"`,
      );
    case "malformed":
      return say("E302", `makes grant "${grant.name}" malformed: "${text}"`);
    case "collision": {
      const place = model.reserved.get(text);
      const taken = place ? [{ place, message: `"${text}" is reserved here` }] : [];
      return say("E309", `becomes "${text}" in grant "${grant.name}", a reserved name`, [
        here,
        ...taken,
      ]);
    }
  }
}
