import { subjectText } from "../../policy/identify.ts";
import { AuthorityList, PolicyReload, Status } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { App } from "./app.ts";

export type OverviewDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly status: () => Promise<Status>;
  readonly authorities: () => Promise<AuthorityList>;
  /** Takes the applied copy of the policy into use, here and in the signer, for `by`; gives its hash. */
  readonly reloadPolicy: (by: string) => Promise<string>;
};

/** `GET /v1/status`, `GET /v1/authorities`, `POST /v1/policy/reload`. */
export function overviewRoutes(app: App, deps: OverviewDeps): void {
  const security = [{ admin: [] }, { kerberos: [] }, { password: [] }];
  const status = { summary: "One screen", security, response: { 200: Status } };
  app.get(ADMIN_PATHS.status, { schema: status }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "audit");
    return deps.status();
  });

  const authorities = { summary: "Every authority", security, response: { 200: AuthorityList } };
  app.get(ADMIN_PATHS.authorities, { schema: authorities }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "audit");
    return deps.authorities();
  });

  const reload = {
    summary: "Take the applied policy into use",
    security,
    response: { 200: PolicyReload },
  };
  app.post(ADMIN_PATHS.policyReload, { schema: reload }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "apply");
    return { policy: await deps.reloadPolicy(subjectText(caller.subject)) };
  });
}
