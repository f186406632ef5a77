import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { serverPaths } from "../../server/config/paths.ts";
import { readServerConfig } from "../../server/config/read-config.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  askCertificates,
  askHttps,
  type Identity,
  joinByHand,
  makeRequest,
} from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";

/** Figures for Prometheus, and who may read them. */

let cluster: Cluster;
let identity: Identity;

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinByHand(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

const read = async (): Promise<string> => {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const { status, body } = await askOverSocket(socket, "GET", ADMIN_PATHS.metrics);
  expect(status).toBe(200);
  return body;
};

test("they count what was issued, refused and asked, and say what is so", async () => {
  const { csr } = makeRequest();
  await askCertificates(
    cluster,
    [
      { grant: "web", csr },
      { grant: "nothing", csr },
    ],
    { identity },
  );
  await askHttps(cluster, "/v1/nodes");
  await askHttps(cluster, "/somewhere/else");
  const lines = (await read()).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      'keysystem_certificates_issued_total{authority="nodes",grant="node-identity"} 1',
      'keysystem_certificates_issued_total{authority="services",grant="web"} 1',
      'keysystem_refusals_total{code="policy.unknown_grant"} 1',
      'keysystem_refusals_total{code="auth.required"} 1',
      'keysystem_http_requests_total{route="/v1/certificates",status="200"} 1',
      'keysystem_http_requests_total{route="/v1/nodes",status="401"} 1',
      // What a caller makes up is no label.
      'keysystem_http_requests_total{route="none",status="404"} 1',
      'keysystem_policy_reloads_total{result="refused"} 0',
      "keysystem_policy_file_in_force 1",
      'keysystem_ready{part="ledger"} 1',
      'keysystem_ready{part="signer"} 1',
      'keysystem_certificates_expiring{within="7d"} 0',
    ]),
  );
});

test("every line is of the format that Prometheus reads", async () => {
  const sample = /^keysystem_[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? \d+$/;
  const odd = (await read()).split("\n").filter((line) => !/^(# (HELP|TYPE) .+)?$/.test(line));
  expect(odd.filter((line) => !sample.test(line))).toEqual([]);
  expect(odd.length).toBeGreaterThan(15);
});

test("over HTTPS nobody reads them who may not audit", async () => {
  expect(await askHttps(cluster, ADMIN_PATHS.metrics)).toMatchObject({
    status: 401,
    code: "auth.required",
  });
  expect(await askHttps(cluster, ADMIN_PATHS.metrics, { identity })).toMatchObject({
    status: 403,
    code: "auth.forbidden",
  });
});

test("but who server.yaml names, by address", async () => {
  const file = join(cluster.root, "etc/keysystem/server.yaml");
  await cluster.stop();
  appendFileSync(file, "metrics: { from: [127.0.0.2, 10.0.0.0/8] }\n");
  await cluster.start();
  const answer = await askHttps(cluster, ADMIN_PATHS.metrics, { from: "127.0.0.2" });
  expect(answer).toMatchObject({
    status: 200,
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
  expect(answer.body).toContain("\nkeysystem_policy_file_in_force 1\n");
  for (const from of ["127.0.0.1", "127.0.0.3"])
    expect(await askHttps(cluster, ADMIN_PATHS.metrics, { from })).toMatchObject({ status: 401 });
});

test.each(["[]", "[localhost]", "[10.0.0.0/33]", '["::/129"]', '[":::::"]', "[999.0.0.1]", "all"])(
  "metrics: { from: %s } is refused at the start",
  (from) => {
    const other = join(cluster.folder, "other");
    const text = `listen: "127.0.0.1:1"\nadvertise: ["127.0.0.1:1"]\nmetrics: { from: ${from} }\n`;
    mkdirSync(join(other, "etc/keysystem"), { recursive: true });
    writeFileSync(join(other, "etc/keysystem/server.yaml"), text);
    expect(() => readServerConfig(serverPaths(other))).toThrow(/server\.yaml.*(metrics|from)/);
  },
);
