/** Routes (docs/protocol.md); the same on HTTPS and on the admin socket. */
export const PATHS = {
  trust: "/v1/trust",
  join: "/v1/join",
  certificates: "/v1/certificates",
  grants: "/v1/grants",
  openapi: "/v1/openapi.json",
  healthz: "/healthz",
  readyz: "/readyz",
} as const;

/** The keyserver's HTTPS port when nothing else is said. */
export const DEFAULT_PORT = 20557;

/** Routes for operators (protocol/admin-messages.ts). */
export const ADMIN_PATHS = {
  status: "/v1/status",
  tokens: "/v1/tokens",
  nodes: "/v1/nodes",
  certificates: "/v1/certificates",
  authorities: "/v1/authorities",
  policyReload: "/v1/policy/reload",
  policyRefusals: "/v1/policy/refusals",
  policyMembers: "/v1/policy/members",
  metrics: "/metrics",
} as const;
