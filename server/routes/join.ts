import { JoinRequest, JoinResult } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { sourceOf } from "../authenticate/authenticate.ts";
import type { Redemption } from "../issue/join.ts";
import type { App } from "./app.ts";

export type JoinRouteDeps = { readonly redeem: (redemption: Redemption) => Promise<JoinResult> };

const SCHEME = "Join ";

/** `POST /v1/join` redeems a join secret for a node's first identity certificate. */
export function joinRoute(app: App, { redeem }: JoinRouteDeps): void {
  const schema = {
    summary: "Join a node",
    security: [{ join: [] }],
    body: JoinRequest,
    response: { 200: JoinResult },
  };
  app.post(PATHS.join, { schema }, (request) => {
    const { authorization } = request.headers;
    if (authorization?.startsWith(SCHEME) !== true) {
      throw new KeysystemError("auth.required", "send Authorization: Join <secret>");
    }
    const secret = authorization.slice(SCHEME.length);
    return redeem({ secret, csr: request.body.csr, from: sourceOf(request) });
  });
}
