import { subjectText } from "../../policy/identify.ts";
import {
  AuthorityList,
  PolicyRefusal,
  PolicyRefusalNoted,
  PolicyReload,
  PolicyReloadRequest,
  Status,
} from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { App } from "./app.ts";

type ReloadRequest = { readonly operator?: string; readonly back?: boolean };

export type OverviewDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly status: () => Promise<Status>;
  readonly authorities: () => Promise<AuthorityList>;
  readonly keeper: {
    /** Takes the applied copy of the policy into use, here and in the signer, for `by`; gives its hash. */
    readonly reload: (request: ReloadRequest & { readonly by: string }) => Promise<string>;
    /** Notes that a policy was to be applied and was refused. */
    readonly refuse: (refusal: { readonly by: string; readonly why: string }) => Promise<void>;
  };
};

/** `GET /v1/status`, `GET /v1/authorities`, `POST /v1/policy/reload`, `POST /v1/policy/refusals`. */
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
    body: PolicyReloadRequest,
    response: { 200: PolicyReload },
  };
  app.post(ADMIN_PATHS.policyReload, { schema: reload }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "apply");
    const by = subjectText(caller.subject);
    return { policy: await deps.keeper.reload({ by, ...request.body }) };
  });

  const refusals = {
    summary: "Note that a policy was to be applied and was refused",
    security,
    body: PolicyRefusal,
    response: { 200: PolicyRefusalNoted },
  };
  app.post(ADMIN_PATHS.policyRefusals, { schema: refusals }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "apply");
    const { operator, why } = request.body;
    await deps.keeper.refuse({ by: operator, why });
    return { noted: true as const };
  });
}
