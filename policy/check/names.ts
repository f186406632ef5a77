import { nodeBindings } from "../build/bindings.ts";
import { buildContent, isFailure } from "../build/content.ts";
import type { Failure } from "../build/name.ts";
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

function reportFailure(
  failure: Failure,
  grant: IssueGrant,
  node: Node,
  { reserved }: Model,
  report: Report,
): void {
  const { kind, template, text } = failure;
  const notes = [{ place: node.place, message: `"${node.name}" is declared here` }];
  switch (kind) {
    case "no-value":
      return report.error(
        "E203",
        node.place,
        `node "${node.name}" has no "${text}", which grant "${grant.name}" needs`,
        {
          notes: [{ place: template.place, message: `"<${text}>" is used here` }],
        },
      );
    case "too-long":
      return report.error(
        "E303",
        template.place,
        `"${text}" of grant "${grant.name}" is too long`,
        { label: `${text.length} characters`, notes },
      );
    case "malformed":
      return report.error(
        "E302",
        template.place,
        `"${text}" of grant "${grant.name}" is malformed`,
        { notes },
      );
    case "collision": {
      const place = reserved.get(text);
      const written = place ? [{ place, message: `"${text}" is written here` }] : [];
      return report.error(
        "E309",
        template.place,
        `"${template.text}" becomes "${text}" for node "${node.name}"`,
        {
          label: "a name that is reserved",
          notes: [...notes, ...written],
        },
      );
    }
  }
}
