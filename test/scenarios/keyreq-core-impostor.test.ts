import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestFor } from "../../client/credential/make-key.ts";
import { makeDesk, pinOf, type Desk } from "../harness/keyreq.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { freePort } from "../harness/port.ts";
import { makeAuthority } from "../unit/client/small-authority.ts";

let people: PeopleCluster;
let cela: Desk;

beforeAll(async () => {
  people = await startPeopleCluster({ ldap: false });
  cela = await makeDesk(people, "cela", await people.person("cela@EXAMPLE.EDU"));
}, 180_000);
afterAll(() => people[Symbol.asyncDispose](), 60_000);

/** Somebody in the place of the server, as seen from a desk of its own. */
async function withServer(desk: Desk, port: number): Promise<Readonly<Record<string, string>>> {
  const data = join(people.cluster.folder, "homes", `data-${port}`);
  await desk.keyreq(["--config", data, "setup", people.url, "--pin", pinOf(people), "--yes"]);
  const path = join(data, "hyades/cluster.yaml");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/servers: \[[^\]]*\]/, `servers: ["localhost:${port}"]`));
  return { data };
}

const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

describe("a server that is not the cluster's", () => {
  test("gets no token, and nothing else", async () => {
    const authority = await makeAuthority("nodes", Date.now() / 1000);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const now = Math.floor(Date.now() / 1000);
    const leaf = {
      cn: "localhost",
      dns: ["localhost"],
      usage: ["server"],
      notBefore: now - 60,
      notAfter: now + 600,
    } as const;
    const { certificate } = authority.sign(requestFor(privateKey), leaf);
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    let bytes = "";
    const server = createTlsServer({ key, cert: certificate + authority.anchor }, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (part: Buffer) => (bytes += part.toString("latin1")));
    });
    server.on("tlsClientError", () => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    try {
      const { data = "" } = await withServer(cela, port);
      const outcome = await cela.keyreq(["--config", data, "whoami"]);
      expect([outcome.code, outcome.stderr]).toEqual([
        6,
        expect.stringMatching(/not of this cluster's authority/),
      ]);
      expect(bytes).toBe("");
    } finally {
      server.close();
    }
  });

  // Whoever stole keyserver's TLS key, and not its keytab.
  test.for([
    { name: "says nothing", answer: undefined },
    { name: "sends a token of its own making", answer: `Negotiate ${btoa("a token")}` },
    { name: "repeats an answer to somebody else", answer: "replay" },
    // NegTokenResp (RFC 4178 §4.2.2) with nothing but a state
    { name: "says that all is well", answer: `Negotiate ${base64("a1073005a0030a0100")}` },
    { name: "says that more is to come", answer: `Negotiate ${base64("a1073005a0030a0101")}` },
    { name: "asks for a MIC", answer: `Negotiate ${base64("a1073005a0030a0103")}` },
  ])("and has its TLS key: no answer is believed when it $name", async ({ answer }) => {
    const tls = join(people.cluster.root, "var/lib/keysystem/tls");
    const read = (name: string) => readFileSync(join(tls, name), "utf8");
    const trust = (await people.askBasic(undefined, "/v1/trust")).body;
    const other = await people.ask(await people.person("bob@EXAMPLE.EDU"), "/v1/grants");
    const header = answer === "replay" ? other.headers["www-authenticate"] : answer;
    expect(other.headers["www-authenticate"]).toMatch(/^Negotiate ./);
    const tokens: string[] = [];
    const chain = read("server.crt") + read("../../keysigner/authorities/nodes.crt");
    const server = createHttpsServer(
      { key: read("server.key"), cert: chain },
      (request, response) => {
        const isTrust = request.url === "/v1/trust";
        if (!isTrust) tokens.push(request.headers.authorization ?? "");
        response.setHeader("content-type", "application/json");
        if (!isTrust && header !== undefined) response.setHeader("www-authenticate", header);
        response.end(isTrust ? trust : other.body);
      },
    );
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    try {
      const { data = "" } = await withServer(cela, port);
      const outcome = await cela.keyreq(["--config", data, "grants"]);
      expect([outcome.code, outcome.stderr]).toEqual([
        6,
        expect.stringMatching(/prove that it holds the key[^]*operator/),
      ]);
      expect(outcome.stdout).toBe("");
      expect(tokens).toEqual([expect.stringMatching(/^Negotiate ./)]);
    } finally {
      server.close();
    }
  });
});
