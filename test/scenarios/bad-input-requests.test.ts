import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Value } from "typebox/value";
import { ProblemSchema } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { codeOf } from "../../protocol/problems.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  askCertificates,
  askHttps,
  type Asking,
  type HttpsAnswer,
  type Identity,
  joinByHand,
  makeRequest,
} from "../harness/test-node.ts";

/** The "Bad input", over HTTPS: each wrong request gets one problem that says what, where and what to do. */

let cluster: Cluster;
let identity: Identity;
const { csr } = makeRequest();

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinByHand(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

const ask = (path: string, asking: Asking): Promise<HttpsAnswer> =>
  askHttps(cluster, path, { identity, ...asking });

/** Where the log stands; asking a grant that is not there changes nothing. */
async function logSize(): Promise<number> {
  const answer = await ask(PATHS.certificates, { body: { requests: [{ grant: "none", csr }] } });
  return Number(/"size":(\d+)/.exec(answer.body)?.[1]);
}

const one = (fields: object): Asking => ({
  body: { requests: [{ grant: "web", csr, ...fields }] },
});
const TEXT_ONE = JSON.stringify(one({}).body);
const many = (count: number): Asking => ({
  body: { requests: Array.from({ length: count }, () => ({ grant: "web", csr: "x" })) },
});
const nested = (open: string, depth: number, close: string): Asking => ({
  body: open.repeat(depth) + "1" + close.repeat(depth),
});
const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, k) => `"${k.toString(36)}":1`).join(",")}}`;

describe("POST /v1/certificates", () => {
  test.each<readonly [string, Asking, number, RegExp]>([
    ["that is not JSON", { body: "{requests:" }, 400, /the body is not JSON/],
    ["with JSON and more", { body: `${TEXT_ONE}x` }, 400, /the body is not JSON/],
    ["without a body", { method: "POST", body: "" }, 400, /the body is empty; send JSON/],
    [
      "of XML",
      { body: "<a/>", headers: { "content-type": "text/xml" } },
      415,
      /send Content-Type: application\/json/,
    ],
    [
      "of a form",
      { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      /send Content-Type/,
    ],
    [
      "that is compressed",
      { body: "\x1f\x8b\x08", headers: { "content-encoding": "gzip" } },
      400,
      /not JSON/,
    ],
    [
      "of 70000 bytes",
      { body: `[${" ".repeat(70_000)}]` },
      413,
      /larger than 65536 bytes; send fewer/,
    ],
    ["of 100000 keys", { body: keys(100_000) }, 413, /larger than 65536 bytes/],
    ["of as many keys as fit", { body: keys(7000) }, 400, /the body (?:lacks|has an unknown)/],
    ["of 30000 nested lists", nested("[", 30_000, "]"), 400, /the body is not of type object/],
    [
      "of 4000 nested objects",
      nested('{"requests":', 4000, "}"),
      400,
      /\/requests is not of type array/,
    ],
    ["with __proto__", { body: '{"__proto__":{"requests":[]},"requests":[]}' }, 400, /not JSON/],
    ["of null", { body: "null" }, 400, /the body is not of type object/],
    ["of a list", { body: [] }, 400, /the body is not of type object/],
    ["of nothing to do", { body: { requests: [] } }, 400, /\/requests has fewer than 1 items/],
    [
      "of 33 requests",
      many(33),
      400,
      /\/requests has more than 32 items; send the rest in another/,
    ],
    [
      "with an unknown field",
      one({ lifetim: 5 }),
      400,
      /\/requests\/0 has an unknown field "lifetim"/,
    ],
    [
      "with an unknown field at the top",
      { body: { requests: [], force: true } },
      400,
      /the body has an unknown field "force"/,
    ],
    [
      "without a grant",
      { body: { requests: [{ csr }] } },
      400,
      /\/requests\/0 lacks the field "grant"/,
    ],
    [
      "with an empty grant",
      one({ grant: "" }),
      400,
      /\/requests\/0\/grant has fewer than 1 characters/,
    ],
    [
      'with the lifetime "60"',
      one({ lifetime: "60" }),
      400,
      /\/requests\/0\/lifetime is not of type integer/,
    ],
    ["with the lifetime null", one({ lifetime: null }), 400, /lifetime is not of type integer/],
    ["with the lifetime 0", one({ lifetime: 0 }), 400, /lifetime is less than 1/],
    ["with the lifetime 1.5", one({ lifetime: 1.5 }), 400, /lifetime is not of type integer/],
    [
      "with the lifetime 1e400",
      { body: TEXT_ONE.replace("[{", '[{"lifetime":1e400,') },
      400,
      /lifetime is not of type integer/,
    ],
    ["with a number for a CSR", one({ csr: 7 }), 400, /\/requests\/0\/csr is not of type string/],
    [
      "with a reason of two lines",
      one({ reason: "a\nb" }),
      400,
      /\/requests\/0\/reason has a form, or characters/,
    ],
    [
      "with an escape in its reason",
      one({ reason: "\u001b[31m" }),
      400,
      /\/requests\/0\/reason has a form/,
    ],
    ["with a turned reason", one({ reason: "\u202etxt" }), 400, /\/requests\/0\/reason has a form/],
    [
      "with a long reason",
      one({ reason: "x".repeat(257) }),
      400,
      /reason has more than 256 characters/,
    ],
    [
      "with a principal for a list",
      one({ principals: "root" }),
      400,
      /principals is not of type array/,
    ],
  ])("%s", async (_, asking, status, want) => {
    const before = await logSize();
    await expectProblem(await ask(PATHS.certificates, asking), status, want);
    expect(await logSize()).toBe(before);
  });

  test.each<readonly [string, object, RegExp]>([
    [
      "a grant that does not exist",
      { grant: "wbe" },
      /^policy\.unknown_grant: there is no grant "wbe"; did you mean web\?/,
    ],
    ["a grant with a name of JavaScript's", { grant: "__proto__" }, /^policy\.unknown_grant/],
    [
      "a grant of others",
      { grant: "registry" },
      /^policy\.not_granted: grant registry goes to worker; m1 is not/,
    ],
    [
      "no key",
      { csr: undefined },
      /^request\.malformed: grant web: send csr \(TLS\) or publicKey \(SSH\)/,
    ],
    [
      "two keys",
      { publicKey: "ssh-ed25519 AAAA" },
      /^request\.malformed: grant web: send csr or publicKey, not both/,
    ],
    [
      "a CSR for SSH",
      { grant: "ssh-host" },
      /^request\.malformed: .*send publicKey, an OpenSSH line/,
    ],
    [
      "no CSR at all",
      { csr: "hello" },
      /^key\.malformed: .*does not begin with -----BEGIN CERTIFICATE REQUEST/,
    ],
  ])("with %s is refused alone", async (_, fields, want) => {
    const asked = [
      { grant: "web", csr, ...fields },
      { grant: "web", csr },
    ];
    const [bad, good] = await askCertificates(cluster, asked, { identity });
    const problem = bad !== undefined && "problem" in bad ? bad.problem : undefined;
    expect(problem && `${codeOf(problem)}: ${problem.detail ?? ""}`).toMatch(want);
    expect(good).toHaveProperty("certificate");
  });
});

/** One problem of RFC 9457, that shows nothing of the inside. */
async function expectProblem(answer: HttpsAnswer, status: number, want: RegExp): Promise<void> {
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
  const problem = Value.Parse(ProblemSchema, JSON.parse(answer.body));
  expect(problem.status).toBe(status);
  expect(problem.detail).toMatch(want);
  expect(answer.body).not.toMatch(/FST_|node_modules|\.ts\b|\n\s+at /);
}

describe("paths and methods", () => {
  test.each<readonly [string, Asking, number, RegExp]>([
    ["/v1/nothing", {}, 404, /nothing is at this path; see \/v1\/openapi\.json/],
    ["/v1/../healthz", {}, 404, /nothing is at this path/],
    ["/v1/%2e%2e/healthz", {}, 404, /nothing is at this path/],
    ["//healthz", {}, 404, /nothing is at this path/],
    ["/v1/trust/%zz", {}, 400, /the path is not well-formed/],
    ["/v1/trust/serivces", {}, 404, /no authority "serivces"; there are nodes, services, ssh-host/],
    ["/v1/trust", { method: "POST", body: {} }, 405, /this path takes GET, not POST/],
    ["/v1/join", {}, 405, /this path takes POST, not GET/],
    ["/healthz", { headers: { x: "y".repeat(17_000) } }, 431, /longer than 16384 bytes/],
    [`/${"a".repeat(17_000)}`, {}, 431, /longer than 16384 bytes/],
    ["/v1/join", { body: { csr } }, 401, /send Authorization: Join <secret>/],
    [
      "/v1/join",
      { body: { csr }, headers: { authorization: "Join nothing" } },
      401,
      /ask for a new join string/,
    ],
    ["/v1/tokens", { body: { node: "m1" } }, 403, /no grant lets m1 admit m1/],
    ["/v1/status", {}, 403, /no grant lets m1 operate/],
    ["/v1/policy/reload", { method: "POST", body: {} }, 403, /no grant lets m1 operate \(apply\)/],
  ])("%.30s", async (path, asking, status, want) => {
    await expectProblem(await ask(path, asking), status, want);
  });

  test("a wrong method is told which there are", async () => {
    const { headers } = await ask(PATHS.certificates, { method: "DELETE" });
    expect(headers["allow"]?.toString().split(", ").sort()).toEqual(["GET", "POST"]);
  });
});
