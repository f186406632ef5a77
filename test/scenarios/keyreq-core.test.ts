import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestFor } from "../../client/credential/make-key.ts";
import { createFakeClock } from "../harness/clock.ts";
import { run, type Outcome } from "../harness/command.ts";
import { PASSWORDS } from "../harness/directory-entries.ts";
import { makeDesk, type Desk } from "../harness/keyreq.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { freePort } from "../harness/port.ts";
import { waitFor } from "../harness/wait.ts";
import { makeAuthority } from "../unit/client/small-authority.ts";

let people: PeopleCluster;
let root: Desk;
let cela: Desk;
let alice: Desk;
let bob: Desk;
let nobody: Desk;

const deskOf = async (principal: string): Promise<Desk> =>
  makeDesk(people, principal.replaceAll(/\W/g, "-"), await people.person(principal));

beforeAll(async () => {
  people = await startPeopleCluster({ passwords: true });
  root = await deskOf("cela/root@EXAMPLE.EDU");
  cela = await deskOf("cela@EXAMPLE.EDU");
  alice = await deskOf("alice@EXAMPLE.EDU");
  bob = await deskOf("bob@EXAMPLE.EDU");
  nobody = await makeDesk(people, "nobody");
}, 180_000);
afterAll(() => people[Symbol.asyncDispose](), 60_000);

/** Exit code and the one document of `--json`. */
async function ask(desk: Desk, args: readonly string[]) {
  const { code, stdout } = await desk.keyreq([...args, "--json"]);
  const document: unknown = JSON.parse(stdout);
  return { code, document };
}

const errors = ({ code, stderr }: Outcome) => ({ code, stderr });
const failsWith = (code: number, ...lines: readonly RegExp[]) => ({
  code,
  stderr: expect.stringMatching(new RegExp(lines.map(({ source }) => source).join("[^]*"))),
});

describe("with a ticket", () => {
  test("whoami names the exact principal, the groups and where they come from", async () => {
    expect(await ask(root, ["whoami"])).toEqual({
      code: 0,
      document: {
        schema: 1,
        cluster: "hyades",
        subject: "kerberos:cela/root@EXAMPLE.EDU",
        groups: ["root-admins"],
        directories: expect.any(Array),
        ticket: { principal: "cela/root@EXAMPLE.EDU", expires: expect.stringMatching(/Z$/) },
        server: people.url.replace("https://", ""),
        clockAhead: expect.any(Number),
      },
    });
    expect(await ask(alice, ["whoami"])).toMatchObject({
      document: {
        subject: "kerberos:alice@EXAMPLE.EDU",
        groups: ["users"],
        directories: expect.arrayContaining([
          expect.objectContaining({
            directory: "ldap",
            state: "answered",
            groups: ["active", "hyades-users"],
          }),
        ]),
      },
    });
  });

  test("the name of another realm is somebody else", async () => {
    const stranger = await deskOf("alice@OTHER.REALM");
    expect(await ask(stranger, ["whoami"])).toMatchObject({
      code: 0,
      document: { subject: "kerberos:alice@OTHER.REALM", groups: [] },
    });
  });

  test("grants are a table of what is given and of what is missing", async () => {
    const { code, stdout } = await root.keyreq(["grants"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ssh-root +SSH as root +4 h +127\.0\.0\.0\/24 .* a reason$/m);
    expect(stdout).toMatch(/^NOT YOURS +GOES TO +MISSING$/m);
    expect(stdout).toMatch(
      /^kube-user +users +\(ldap:hyades-users or gitlab:hyades\/members\) and ldap:active$/m,
    );
    expect(await ask(alice, ["grants"])).toMatchObject({
      document: { schema: 1, grants: [{ grant: "ssh-login" }, { grant: "kube-user" }] },
    });
  });

  test("why explains what is given: 0, and what is not: 3, and what there is not: 2", async () => {
    expect(await ask(root, ["why", "ssh-root"])).toMatchObject({
      code: 0,
      document: { allowed: true, offer: { names: ["root"], reason: "required" } },
    });
    expect(await ask(cela, ["why", "ssh-root"])).toMatchObject({
      code: 3,
      document: {
        allowed: false,
        to: ["root-admins"],
        error: "denied: cela@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU is",
        hints: ["kinit cela/root"],
      },
    });
    expect(errors(await alice.keyreq(["why", "ssh-rot"]))).toEqual(
      failsWith(2, /no grant "ssh-rot"/, /did you mean ssh-root/),
    );
  });

  test("token makes a join string that keyclient takes, for whom the grant says", async () => {
    const { code, stdout } = await root.keyreq(["token", "w3", "--ttl", "30m"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^✓ cela\/root@EXAMPLE.EDU may admit w3 \(worker, 127.0.1.23\)\nPaste on w3 within 30 m \(works once, only from 127.0.1.23\):\n {2}keyclient join ks1-hyades-w3-/,
    );
    const [joinString = ""] = /ks1-\S+/.exec(stdout) ?? [];
    const inspected = await people.cluster.keyclient("w3", ["join", joinString, "--inspect"]);
    expect(inspected.code).toBe(0);
    expect(await ask(bob, ["token", "w3"])).toMatchObject({
      code: 0,
      document: {
        schema: 1,
        node: "w3",
        roles: ["worker"],
        joinString: expect.stringMatching(/^ks1-/),
      },
    });
  });

  test.for([
    { who: () => bob, node: "m1", hint: /keyreq grants/ },
    { who: () => alice, node: "w3", hint: /keyreq grants/ },
    { who: () => cela, node: "w3", hint: /kinit cela\/root/ },
  ])("token for $node is denied to others", async ({ who, node, hint }) => {
    const outcome = await who().keyreq(["token", node]);
    expect(errors(outcome)).toEqual(failsWith(3, /error: denied: /, hint));
    expect(outcome.stdout).toBe("");
  });

  test("doctor finds nothing", async () => {
    const { code, document } = await ask(cela, ["doctor"]);
    expect([code, document]).toEqual([0, expect.objectContaining({ healthy: true })]);
  });
});

describe("without a good ticket: exit 6, and what to type", () => {
  test("none at all", async () => {
    expect(errors(await nobody.keyreq(["whoami"]))).toEqual(
      failsWith(6, /you have no Kerberos ticket/, /hint: kinit/),
    );
    expect(await ask(nobody, ["doctor"])).toMatchObject({
      code: 5,
      document: {
        healthy: false,
        checks: expect.arrayContaining([
          { name: "ticket", state: "problem", text: "there is none", fix: "kinit" },
        ]),
      },
    });
  });

  test("doctor stops at the first cause", async () => {
    const { stdout } = await nobody.keyreq(["doctor"]);
    expect(stdout).toMatch(/✗ ticket/);
    expect(stdout).not.toMatch(/identity/);
  });

  test("one that has expired", async () => {
    const environment = await people.kdc.kinit("cela@EXAMPLE.EDU", "the same for everybody", {
      lifetime: "1s",
    });
    const late = { ...cela.environment, ...environment };
    // klist -s says whether a ticket is good.
    await waitFor("the end of the ticket", async () => {
      return (await run("klist", ["-s"], { env: late })).code !== 0;
    });
    const outcome = await cela.keyreq(["whoami"], { env: late });
    expect(errors(outcome)).toEqual(
      failsWith(6, /your Kerberos ticket has expired/, /hint: kinit cela@EXAMPLE.EDU/),
    );
  });

  test("a service that the KDC does not know", async () => {
    const config = join(people.cluster.folder, "other-realm.conf");
    const text = readFileSync(alice.environment["KRB5_CONFIG"] ?? "", "utf8");
    writeFileSync(config, `${text}\n[domain_realm]\n  localhost = OTHER.REALM\n`);
    const env = { ...alice.environment, KRB5_CONFIG: config };
    expect(errors(await alice.keyreq(["whoami"], { env }))).toEqual(
      failsWith(6, /the KDC knows no service HTTP\/localhost@OTHER.REALM/, /operator/),
    );
  });
});

describe("with a password", () => {
  test("from standard input, for the user that is named", async () => {
    const args = ["whoami", "--ldap", "alice", "--password-stdin", "--json"];
    const { code, stdout } = await nobody.keyreq(args, { stdin: `${PASSWORDS.alice}\n` });
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ subject: "ldap:alice", groups: ["users"] }),
    ]);
  });

  test("a wrong one is not accepted, and not shown", async () => {
    const args = ["whoami", "--ldap", "alice", "--password-stdin", "--verbose"];
    const outcome = await nobody.keyreq(args, { stdin: "another's password\n" });
    expect(errors(outcome)).toEqual(failsWith(6, /error: /));
    expect(outcome.stdout + outcome.stderr).not.toContain("another's");
  });

  test("without a terminal and without standard input there is nobody to ask", async () => {
    expect(errors(await nobody.keyreq(["whoami", "--ldap", "alice"]))).toEqual(
      failsWith(6, /there is no terminal to ask on/, /--password-stdin/),
    );
  });
});

/** Somebody in the place of the server, as seen from a desk of its own. */
async function withServer(desk: Desk, port: number): Promise<Readonly<Record<string, string>>> {
  const data = join(people.cluster.folder, "homes", `data-${port}`);
  await desk.keyreq(["--config", data, "setup", people.url, "--pin", pin(), "--yes"]);
  const path = join(data, "hyades/cluster.yaml");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/servers: \[[^\]]*\]/, `servers: ["localhost:${port}"]`));
  return { data };
}

const pin = (): string => {
  const text = readFileSync(join(cela.home, ".local/share/keysystem/hyades/cluster.yaml"), "utf8");
  return /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? "";
};

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
      expect(errors(outcome)).toEqual(failsWith(6, /not of this cluster's authority/));
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
      expect(errors(outcome)).toEqual(failsWith(6, /prove that it holds the key/, /operator/));
      expect(outcome.stdout).toBe("");
      expect(tokens).toEqual([expect.stringMatching(/^Negotiate ./)]);
    } finally {
      server.close();
    }
  });
});

describe("clocks", () => {
  test.for([
    { offset: "+3m", says: /3 m .*ahead of localhost/ },
    { offset: "-3m", says: /behind localhost/ },
    // beyond every certificate: the pin alone tells whose clock is wrong
    { offset: "+4000d", says: /ahead of localhost/ },
  ])("$offset: nothing is asked for, exit 7", async ({ offset, says }) => {
    const clock = createFakeClock(join(root.home, `clock${offset}`));
    clock.set(offset);
    const outcome = await root.keyreq(["token", "w3"], {
      env: { ...root.environment, ...clock.env },
    });
    expect(errors(outcome)).toEqual(failsWith(7, says, /chronyc/));
  });
});
