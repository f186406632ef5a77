import { Type } from "typebox";
import { subjectText } from "../../policy/identify.ts";
import { IssuedToken, NewToken, TokenList, type TokenView } from "../../protocol/admin-messages.ts";
import { formatJoinString, hashSecret } from "../../protocol/join-string.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { admissionLifetime, requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import type { Ledger, Token } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { App } from "./app.ts";

export type TokensDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly ledger: Pick<Ledger, "addToken" | "listTokens" | "revokeToken">;
  readonly randomBytes: (length: number) => Buffer;
  /** `host:port` of every address that join strings name. */
  readonly servers: readonly string[];
  /** SHA-256 of authority `nodes`' key. */
  readonly pin: () => Uint8Array;
  readonly now: () => number;
};

/** `POST /v1/tokens` makes a join string; `GET` lists without secrets; `DELETE /v1/tokens/{id}` revokes. */
export function tokenRoutes(app: App, deps: TokensDeps): void {
  const security = [{ admin: [] }, { kerberos: [] }, { password: [] }];
  const make = {
    summary: "Make a join string",
    security,
    body: NewToken,
    response: { 200: IssuedToken },
  };
  app.post(ADMIN_PATHS.tokens, { schema: make }, async (request) => {
    const caller = await deps.authenticate(request);
    const { node, reason } = request.body;
    const lifetime = admissionLifetime(deps.policy().policy, caller, request.body);
    const { from } = caller;
    const by = subjectText(caller.subject);
    const asked = {
      ...(from === undefined ? {} : { from }),
      ...(reason === undefined ? {} : { reason }),
    };
    return makeToken(deps, { node, lifetime, by, asked });
  });

  const list = {
    summary: "Join strings without their secrets",
    security,
    response: { 200: TokenList },
  };
  app.get(ADMIN_PATHS.tokens, { schema: list }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "audit");
    const now = deps.now();
    return { tokens: (await deps.ledger.listTokens()).map((token) => viewToken(token, now)) };
  });

  const params = Type.Object({ id: Type.String() });
  const revoke = {
    summary: "Revoke a join string",
    security,
    params,
    response: { 204: Type.Null() },
  };
  app.delete(`${ADMIN_PATHS.tokens}/:id`, { schema: revoke }, async (request, reply) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "revoke");
    const { id } = request.params;
    if (!(await deps.ledger.revokeToken(id, subjectText(caller.subject), deps.now()))) {
      const detail = `no join string ${JSON.stringify(id)} that could be revoked: see keyserver token list`;
      throw new KeysystemError("request.not_found", detail);
    }
    return reply.code(204).send(null);
  });
}

type Admitted = {
  readonly node: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly by: string;
  readonly asked: { readonly from?: string; readonly reason?: string };
};

async function makeToken(
  deps: TokensDeps,
  { node, lifetime, by, asked }: Admitted,
): Promise<IssuedToken> {
  const { policy } = deps.policy();
  const secret = deps.randomBytes(16);
  const id = deps.randomBytes(6).toString("hex");
  const createdAt = deps.now();
  const expiresAt = createdAt + lifetime;
  await deps.ledger.addToken(
    { id, secretHash: hashSecret(secret), node, createdAt, expiresAt, createdBy: by },
    by,
    asked,
  );
  const { roles, address } = policy.nodes.get(node) ?? { roles: [] };
  const joinString = formatJoinString({
    cluster: policy.cluster.name,
    node,
    servers: deps.servers,
    pin: deps.pin(),
    expires: expiresAt,
    secret,
  });
  const place = address === undefined ? {} : { address };
  return { id, node, roles: [...roles], ...place, expiresAt: formatTime(expiresAt), joinString };
}

function viewToken(
  { id, node, state, createdAt, createdBy, expiresAt }: Token,
  now: number,
): TokenView {
  const over = expiresAt <= now && (state === "open" || state === "bound");
  return {
    id,
    node,
    state: over ? "expired" : state,
    createdAt: formatTime(createdAt),
    createdBy,
    expiresAt: formatTime(expiresAt),
  };
}
