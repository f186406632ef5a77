import { Ajv2020 } from "ajv/dist/2020.js";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  askHttps,
  type Asking,
  type Identity,
  joinByHand,
  makeRequest,
} from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import { join } from "node:path";

/** The description at /v1/openapi.json says what the server does. */

let cluster: Cluster;
let identity: Identity;
let document: Description;

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinByHand(cluster, "m1");
  document = Value.Parse(Description, JSON.parse((await askHttps(cluster, PATHS.openapi)).body));
});
afterAll(async () => {
  await cluster.dispose();
});

const Media = Type.Record(Type.String(), Type.Object({ schema: Type.Unknown() }));
const Operation = Type.Object({
  summary: Type.String({ minLength: 1 }),
  security: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Array(Type.String())))),
  responses: Type.Record(Type.String(), Type.Object({ content: Type.Optional(Media) })),
});
const Description = Type.Object({
  openapi: Type.String(),
  info: Type.Object({ title: Type.String(), version: Type.String() }),
  components: Type.Object({ securitySchemes: Type.Record(Type.String(), Type.Unknown()) }),
  paths: Type.Record(Type.String(), Type.Record(Type.String(), Operation)),
});
type Description = Type.Static<typeof Description>;

test("it is OpenAPI 3.1, and names only ways to prove oneself that it explains", () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  const schemes = Object.keys(document.components.securitySchemes);
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const used = operations.flatMap(({ security = [] }) => security.flatMap(Object.keys));
  expect(used.length).toBeGreaterThan(10);
  for (const name of used) expect(schemes).toContain(name);
});

test("it names every route that there is, and no other", () => {
  const described = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
    .sort();
  expect(described).toEqual([
    "delete /v1/tokens/{id}",
    "get /healthz",
    "get /metrics",
    "get /readyz",
    "get /v1/authorities",
    "get /v1/certificates",
    "get /v1/certificates/{serial}",
    "get /v1/grants",
    "get /v1/nodes",
    "get /v1/nodes/{node}",
    "get /v1/status",
    "get /v1/tokens",
    "get /v1/trust",
    "get /v1/trust/{authority}",
    "post /v1/certificates",
    "post /v1/join",
    "post /v1/nodes/{node}/state",
    "post /v1/policy/members",
    "post /v1/policy/refusals",
    "post /v1/policy/reload",
    "post /v1/tokens",
  ]);
  // Every path that server and client share is among them, but the description itself.
  const { openapi, ...shared } = { ...PATHS, ...ADMIN_PATHS };
  for (const path of Object.values(shared)) expect(Object.keys(document.paths)).toContain(path);
  expect(Object.keys(document.paths)).not.toContain(openapi);
});

test("every path that it names answers, and takes the methods that it names", async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const { status, headers } = await askHttps(cluster, path.replace(/\{\w+\}/g, "x"), {
      method: "PATCH",
    });
    const allowed = headers["allow"]?.toString().toLowerCase().split(", ").sort();
    expect([path, status, allowed]).toEqual([path, 405, Object.keys(methods).sort()]);
  }
});

/** Fails where an answer is not what the description says of its status. */
function expectDescribed(path: string, method: string, status: number, body: string): void {
  const media = document.paths[path]?.[method]?.responses[String(status)]?.content;
  const schema = media?.["application/json"]?.schema;
  expect(schema, `${method} ${path} ${status} is described`).toBeTypeOf("object");
  const ajv = new Ajv2020({ strict: false });
  const isValid = ajv.validate(schema ?? false, JSON.parse(body));
  expect(isValid, `${method} ${path}: ${ajv.errorsText()}`).toBe(true);
}

const { csr } = makeRequest();

test.each<readonly [string, () => Asking]>([
  [PATHS.healthz, () => ({})],
  [PATHS.readyz, () => ({})],
  [PATHS.trust, () => ({})],
  [PATHS.grants, () => ({ identity })],
  [PATHS.certificates, () => ({ identity, body: { requests: [{ grant: "web", csr }] } })],
  [PATHS.certificates, () => ({ identity, body: { requests: [{ grant: "none", csr }] } })],
])("what %s answers is what it says", async (path, asking) => {
  const { status, body } = await askHttps(cluster, path, asking());
  expect(status).toBe(200);
  expectDescribed(path, asking().body === undefined ? "get" : "post", status, body);
});

test.each([
  ADMIN_PATHS.status,
  ADMIN_PATHS.nodes,
  ADMIN_PATHS.tokens,
  ADMIN_PATHS.certificates,
  ADMIN_PATHS.authorities,
])("what %s answers on the admin socket is what it says", async (path) => {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const { status, body } = await askOverSocket(socket, "GET", path);
  expect(status).toBe(200);
  expectDescribed(path, "get", status, body);
});

test("an answer that is not what it says is noticed", () => {
  expect(() => expectDescribed(PATHS.grants, "get", 200, '{"grants":"all"}')).toThrow(/grants/);
});
