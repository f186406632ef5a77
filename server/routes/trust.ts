import { hash } from "node:crypto";
import { Type } from "typebox";
import { Trust } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { App } from "./app.ts";

export type TrustDeps = { readonly trust: () => Trust };

/** `GET /v1/trust` gives every anchor, with an ETag; `GET /v1/trust/{authority}` one bundle as text. */
export function trustRoutes(app: App, { trust }: TrustDeps): void {
  const all = { summary: "All anchors", response: { 200: Trust, 304: Type.Null() } };
  app.get(PATHS.trust, { schema: all }, async (request, reply) => {
    const tag = tagOf(trust());
    void reply.header("etag", tag).header("cache-control", "no-cache");
    return request.headers["if-none-match"] === tag
      ? reply.code(304).send(null)
      : reply.code(200).send(trust());
  });

  const one = { summary: "One bundle", params: Type.Object({ authority: Type.String() }) };
  app.get(`${PATHS.trust}/:authority`, { schema: one }, async (request, reply) => {
    const { authority } = request.params;
    const found = trust().authorities.find(({ name }) => name === authority);
    if (found === undefined) {
      const names = trust().authorities.map(({ name }) => name);
      const detail = `no authority ${JSON.stringify(authority)}; there are ${names.join(", ")}`;
      throw new KeysystemError("request.not_found", detail);
    }
    void reply.type(found.kind === "tls" ? "application/x-pem-file" : "text/plain; charset=utf-8");
    return reply.send(bundleText(found.anchors));
  });
}

const bundleText = (anchors: readonly string[]): string =>
  anchors.map((anchor) => (anchor.endsWith("\n") ? anchor : `${anchor}\n`)).join("");

const tags = new WeakMap<Trust, string>();

function tagOf(trust: Trust): string {
  const tag = tags.get(trust) ?? `"${hash("sha256", JSON.stringify(trust), "hex").slice(0, 32)}"`;
  tags.set(trust, tag);
  return tag;
}
