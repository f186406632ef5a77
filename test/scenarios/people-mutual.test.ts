import { afterAll, beforeAll, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { type PeopleCluster, startPeopleCluster } from "../harness/people.ts";
import { type SpnegoClient, startSpnegoClient } from "../harness/spnego.ts";
import { type Asking, askHttps, type HttpsAnswer, keptConnection } from "../harness/test-node.ts";

/** RFC 4559 §5: whoever sent a token learns from the answer that the server has the service's key. */

let people: PeopleCluster;
let alice: SpnegoClient;

beforeAll(async () => {
  people = await startPeopleCluster({ ldap: false });
  alice = startSpnegoClient((await people.person("alice@EXAMPLE.EDU")).environment);
}, 120_000);
afterAll(async () => {
  await alice[Symbol.asyncDispose]();
  await people[Symbol.asyncDispose]();
});

const SERVICE = "HTTP@localhost";
const send = (path: string, token: string, asking: Asking = {}): Promise<HttpsAnswer> =>
  askHttps(people.cluster, path, {
    ...asking,
    headers: { ...asking.headers, authorization: `Negotiate ${token}` },
  });
const proofIn = ({ headers }: HttpsAnswer): string =>
  /^Negotiate ([\w+/=]+)$/.exec(headers["www-authenticate"]?.toString() ?? "")?.[1] ?? "";

test.each<readonly [string, number, Asking]>([
  [PATHS.grants, 200, {}],
  ["/v1/status", 403, {}],
  [PATHS.certificates, 200, { body: { requests: [{ grant: "none", publicKey: "x" }] } }],
  ["/v1/tokens", 403, { body: { node: "w1" } }],
  ["/v1/tokens", 404, { body: { node: "m9" } }],
])("%s answers %i with a token that the client's library takes", async (path, status, asking) => {
  const token = await alice.token(SERVICE);
  const answer = await send(path, token, asking);
  expect(answer.status).toBe(status);
  expect(await alice.verify(token, proofIn(answer))).toBe("complete");
});

test("the proof is one for this token alone", async () => {
  const [one, two] = [await alice.token(SERVICE), await alice.token(SERVICE)];
  const answer = proofIn(await send(PATHS.grants, one));
  expect(await alice.verify(two, answer)).not.toBe("complete");
  expect(await alice.verify(one, answer)).toBe("complete");
});

test("a token is taken once, and a refused one is answered without proof and with the ways there are", async () => {
  const token = await alice.token(SERVICE);
  expect((await send(PATHS.grants, token)).status).toBe(200);
  const again = await send(PATHS.grants, token);
  expect(again).toMatchObject({ status: 401, code: "auth.replayed" });
  expect(again.headers["www-authenticate"]).toBe("Negotiate");
});

test("a token that was taken is still known after keyserver was started again", async () => {
  const token = await alice.token(SERVICE);
  expect((await send(PATHS.grants, token)).status).toBe(200);
  await people.cluster.stop();
  await people.cluster.start();
  expect(await send(PATHS.grants, token)).toMatchObject({ status: 401, code: "auth.replayed" });
  expect((await send(PATHS.grants, await alice.token(SERVICE))).status).toBe(200);
});

test("each request on a kept connection needs a token of its own", async () => {
  const agent = keptConnection();
  expect((await send(PATHS.grants, await alice.token(SERVICE), { agent })).status).toBe(200);
  expect(await askHttps(people.cluster, PATHS.grants, { agent })).toMatchObject({ status: 401 });
  expect((await send(PATHS.grants, await alice.token(SERVICE), { agent })).status).toBe(200);
  agent.destroy();
});

test.each<readonly [string, string | undefined, RegExp]>([
  ["nothing", undefined, /./],
  ["an empty token", "Negotiate ", /neither Negotiate nor Basic/],
  ["no base64", "Negotiate !!!", /neither Negotiate nor Basic/],
  ["two tokens", "Negotiate AAAA, Negotiate BBBB", /neither Negotiate nor Basic/],
  ["NTLM", `Negotiate ${Buffer.from("NTLMSSP\0\x01\0\0\0").toString("base64")}`, /NTLM/],
  ["garbage", `Negotiate ${Buffer.alloc(600, 7).toString("base64")}`, /not one of SPNEGO/],
  ["a bearer token", "Bearer abc", /neither Negotiate nor Basic/],
  ["a join secret where none is taken", "Join abcdef", /neither Negotiate nor Basic/],
  ["a digest", 'Digest username="alice"', /neither Negotiate nor Basic/],
])("%s is no identity", async (_, authorization, want) => {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await askHttps(people.cluster, PATHS.grants, { headers });
  expect(answer.status).toBe(401);
  expect(answer.body).toMatch(want);
  expect(answer.headers["www-authenticate"]).toBe("Negotiate");
});
