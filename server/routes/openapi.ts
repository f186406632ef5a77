import { PATHS } from "../../protocol/paths.ts";
import type { App } from "./app.ts";

/** How callers prove who they are (OpenAPI 3.1 §4.8.27); routes name these in `security`. */
const securitySchemes = {
  node: { type: "mutualTLS", description: "A node's identity certificate." },
  join: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "`Join <secret>`, the secret of a join string.",
  },
  admin: { type: "http", scheme: "none", description: "The admin socket on the master." },
};

/** `GET /v1/openapi.json`: this description, from the schemas that requests are checked by. */
export function openapiRoute(app: App): void {
  app.get(PATHS.openapi, { schema: { hide: true } }, () => {
    const document = app.swagger();
    const components = "components" in document ? document.components : {};
    return { ...document, components: { ...components, securitySchemes } };
  });
}
