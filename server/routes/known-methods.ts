import type { FastifyInstance } from "fastify";

/** Tells which methods a path takes. */
export type KnownMethods = (path: string) => readonly string[];

/** Notes every route that is added from now on, so that a wrong method can be told from a wrong path. */
export function noteMethods(app: Pick<FastifyInstance, "addHook">): KnownMethods {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const parts = url.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : literal(part)));
    const methods = typeof method === "string" ? [method] : method;
    routes.push({ pattern: new RegExp(`^${parts.join("/")}$`), methods });
  });
  return (path) =>
    routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
