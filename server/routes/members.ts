import { Members, MembersRequest } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { App } from "./app.ts";

export type MembersRouteDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly members: (facts: readonly string[]) => Promise<Members["directories"]>;
};

/** `POST /v1/policy/members`: who is in groups of the directories now. */
export function membersRoute(app: App, { authenticate, policy, members }: MembersRouteDeps): void {
  const schema = {
    summary: "Who is in groups of the directories now",
    security: [{ admin: [] }, { kerberos: [] }, { password: [] }],
    body: MembersRequest,
    response: { 200: Members },
  };
  app.post(ADMIN_PATHS.policyMembers, { schema }, async (request) => {
    requireOperate(policy().policy, await authenticate(request), "audit");
    return { directories: await members(request.body.facts) };
  });
}
