import { nodeBindings } from "../build/bindings.ts";
import { buildContent, isFailure } from "../build/content.ts";
import type { Failure } from "../build/name.ts";
import type { Code } from "../codes/codes.ts";
import type { IssueGrant, Model, Node } from "../model.ts";
import type { Report } from "../report.ts";
import { SYSTEM_ACCOUNTS } from "../text/accounts.ts";

/** Builds what every node gets of every grant: a name that cannot be built is found before anybody asks. */
export function checkNames(model: Model, report: Report): void {
  for (const node of model.nodes.values()) {
    if (isReserved(node, model, report)) continue;
    for (const grant of model.grants.values()) {
      if (grant.verb === "issue" && goesTo(grant, node)) checkGrant(grant, node, model, report);
    }
  }
}

const goesTo = ({ to }: IssueGrant, { roles }: Node): boolean =>
  to.kind === "roles" && to.names.some(({ text }) => roles.includes(text));

/** None of a node's own values may be a name that is written out somewhere. */
function isReserved(node: Node, { cluster, reserved }: Model, report: Report): boolean {
  const values = Object.values(nodeBindings(node, cluster));
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

function checkGrant(grant: IssueGrant, node: Node, model: Model, report: Report): void {
  const { cluster, reserved } = model;
  const built = buildContent(grant, {
    bindings: nodeBindings(node, cluster),
    reserved,
    subject: "",
    chosen: [],
  });
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
