import { Type } from "typebox";
import type { Policy } from "../../policy/decision.ts";
import { subjectText } from "../../policy/identify.ts";
import { NodeList, NodeStateChange, NodeView } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { Ledger, NodeState } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { App } from "./app.ts";

export type NodesDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly ledger: Pick<
    Ledger,
    "listNodes" | "findNode" | "setNodeState" | "listTokens" | "revokeToken"
  >;
  readonly now: () => number;
};

/** `GET /v1/nodes`, `GET /v1/nodes/{node}`, `POST /v1/nodes/{node}/state`. */
export function nodeRoutes(app: App, deps: NodesDeps): void {
  const security = [{ admin: [] }, { kerberos: [] }, { password: [] }];
  const list = { summary: "Every node", security, response: { 200: NodeList } };
  app.get(ADMIN_PATHS.nodes, { schema: list }, async (request) => {
    const caller = await deps.authenticate(request);
    const { policy } = deps.policy();
    requireOperate(policy, caller, "audit");
    return { nodes: viewAll(policy, await deps.ledger.listNodes()) };
  });

  const params = Type.Object({ node: Type.String() });
  const one = { summary: "One node", security, params, response: { 200: NodeView } };
  app.get(`${ADMIN_PATHS.nodes}/:node`, { schema: one }, async (request) => {
    const caller = await deps.authenticate(request);
    const { policy } = deps.policy();
    requireOperate(policy, caller, "audit");
    return findView(deps, request.params.node);
  });

  const change = {
    summary: "Suspend, resume or remove a node",
    security,
    params,
    body: NodeStateChange,
    response: { 200: NodeView },
  };
  app.post(`${ADMIN_PATHS.nodes}/:node/state`, { schema: change }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "revoke");
    const { node } = request.params;
    await changeState(deps, node, { state: request.body.state, by: subjectText(caller.subject) });
    return findView(deps, node);
  });
}

async function changeState(
  { ledger, now }: NodesDeps,
  node: string,
  { state, by }: { readonly state: NodeState["state"]; readonly by: string },
): Promise<void> {
  const known = await ledger.findNode(node);
  if (known === undefined) {
    const detail = `${node} has not joined: see keyserver node list`;
    throw new KeysystemError("request.not_found", detail);
  }
  if (known.state === "removed" && state !== "removed") {
    const detail = `${node} was removed and comes back by joining: keyserver node admit ${node}`;
    throw new KeysystemError("request.conflict", detail);
  }
  await ledger.setNodeState(node, state, by, now());
  if (state === "active") return;
  // A join string that is still out would undo this.
  for (const token of await ledger.listTokens()) {
    const open = token.state === "open" || token.state === "bound";
    if (token.node === node && open) await ledger.revokeToken(token.id, by, now());
  }
}

async function findView({ ledger, policy }: NodesDeps, node: string): Promise<NodeView> {
  const state = await ledger.findNode(node);
  if (state === undefined && !policy().policy.nodes.has(node)) {
    throw new KeysystemError("request.not_found", `no node ${node}: see keyserver node list`);
  }
  return viewNode(policy().policy, node, state);
}

function viewAll(policy: Policy, joined: readonly NodeState[]): NodeView[] {
  const states = new Map(joined.map((state) => [state.node, state]));
  const names = new Set([...policy.nodes.keys(), ...states.keys()]);
  return [...names].map((name) => viewNode(policy, name, states.get(name)));
}

function viewNode(policy: Policy, node: string, joined: NodeState | undefined): NodeView {
  const listed = policy.nodes.get(node);
  const address = listed?.address === undefined ? {} : { address: listed.address };
  const common = { node, roles: [...(listed?.roles ?? [])], ...address };
  if (joined === undefined) return { ...common, state: "waiting" };
  const identity = joined.confirmed === undefined ? {} : { identity: joined.confirmed };
  const since =
    joined.confirmedAt === undefined ? {} : { identitySince: formatTime(joined.confirmedAt) };
  const state = listed === undefined && joined.state === "active" ? "unlisted" : joined.state;
  return { ...common, state, joinedAt: formatTime(joined.joinedAt), ...identity, ...since };
}
