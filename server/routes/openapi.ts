import { PATHS } from "../../protocol/paths.ts";
import type { App } from "./app.ts";

/** `GET /v1/openapi.json`: the description of all routes, from the schemas that requests are checked by. */
export function openapiRoute(app: App): void {
  app.get(PATHS.openapi, { schema: { hide: true } }, () => {
    const document = app.swagger();
    const components = "components" in document ? document.components : undefined;
    const securitySchemes = { ...components?.securitySchemes, node: { type: "mutualTLS" } };
    return { ...document, components: { ...components, securitySchemes } };
  });
}
