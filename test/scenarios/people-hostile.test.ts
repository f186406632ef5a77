import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CertificateList } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { checkLedger } from "../../server/ledger/check.ts";
import { HOSTILE_TEXTS, UNSAFE } from "../harness/hostile-text.ts";
import {
  type AskOptions,
  type CurlAnswer,
  type PeopleCluster,
  type Person,
  startPeopleCluster,
} from "../harness/people.ts";
import { makeSshKey } from "../harness/people-requests.ts";
import { sendRaw } from "../harness/raw-request.ts";
import { nodesAnchor } from "../harness/test-node.ts";

/** Case 47: whatever a person sends, a record is one line, the chain holds, and no terminal is steered. */

const HOSTILE = Object.entries(HOSTILE_TEXTS);
const MEBIBYTE = 1024 * 1024;

let people: PeopleCluster;
let cela: Person;
let bob: Person;

beforeAll(async () => {
  people = await startPeopleCluster({ passwords: true, serverYaml: "log: debug\n" });
  cela = await people.person("cela/root@EXAMPLE.EDU");
  bob = await people.person("bob@EXAMPLE.EDU");
}, 120_000);
afterAll(async () => {
  await people[Symbol.asyncDispose]();
});

const request = (fields: object): object => ({
  requests: [{ grant: "ssh-root", publicKey: makeSshKey(), reason: "test", ...fields }],
});

/** Every place where a person can put a text, and how. */
const FIELDS: Readonly<Record<string, (text: string) => Promise<CurlAnswer>>> = {
  grant: (text) => people.ask(cela, PATHS.certificates, request({ grant: text })),
  principals: (text) =>
    people.ask(bob, PATHS.certificates, request({ grant: "ssh-oncall", principals: [text] })),
  reason: (text) => people.ask(cela, PATHS.certificates, request({ reason: text })),
  "comment of a key": (text) =>
    people.ask(cela, PATHS.certificates, request({ publicKey: `${makeSshKey()} ${text}` })),
  "type of a key": (text) => people.ask(cela, PATHS.certificates, request({ publicKey: text })),
  csr: (text) =>
    people.ask(
      cela,
      PATHS.certificates,
      request({ grant: "kube-admin", publicKey: undefined, csr: text }),
    ),
  "unknown field": (text) => people.ask(cela, PATHS.certificates, request({ [text]: text })),
  "node of a join string": (text) => people.ask(cela, ADMIN_PATHS.tokens, { node: text }),
  "reason of a join string": (text) =>
    people.ask(cela, ADMIN_PATHS.tokens, { node: "w1", reason: text }),
  "id of a join string": (text) =>
    people.ask(cela, `${ADMIN_PATHS.tokens}/${encoded(text)}`, undefined, {
      args: ["-X", "DELETE"],
    }),
  serial: (text) => people.ask(cela, `${ADMIN_PATHS.certificates}/${encoded(text)}`),
  "subject in a query": (text) =>
    people.ask(cela, `${ADMIN_PATHS.certificates}?subject=${encoded(text)}`),
  "grant in a query": (text) =>
    people.ask(cela, `${ADMIN_PATHS.certificates}?grant=${encoded(text)}`),
  "name in a query": (text) => people.ask(cela, `${ADMIN_PATHS.certificates}?${encoded(text)}=1`),
  path: (text) => people.ask(cela, `/v1/${encoded(text)}`),
  "user of a password": (text) => withPassword(text, "x"),
  password: (text) => withPassword("nobody-here", text),
};

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

const withPassword = (user: string, password: string): Promise<CurlAnswer> => {
  const basic = Buffer.from(`${user}:${password}`).toString("base64");
  const args: AskOptions["args"] = ["-H", `authorization: Basic ${basic}`];
  return people.askBasic(undefined, PATHS.grants, undefined, { args });
};

describe.each(Object.entries(FIELDS))("%s", (_, ask) => {
  test.each(HOSTILE)("with %s is answered, in one safe line", async (_name, text) => {
    const answer = await ask(text);
    expect(answer.status).toBeLessThan(500);
    expect(answer.status).toBeGreaterThanOrEqual(200);
    const parsed: unknown = JSON.parse(answer.body === "" ? "null" : answer.body);
    expect(parsed).toBeDefined();
  });
});

describe("no text gets past its limit", () => {
  test.each(["grant", "reason", "principals", "csr", "comment of a key"])(
    "%s of a mebibyte",
    async (field) => {
      const answer = await FIELDS[field]?.("x".repeat(MEBIBYTE));
      expect([413, 0]).toContain(answer?.status);
    },
  );
});

describe("bytes that are no text", () => {
  const head = (line: string, ...more: readonly string[]): string =>
    [line, "Host: localhost", ...more, "Connection: close", "", ""].join("\r\n");
  const authorized = (scheme: string): string =>
    head("GET /v1/grants HTTP/1.1", `Authorization: ${scheme}`);

  test.each<readonly [string, Buffer]>([
    ["a path with C1 controls", Buffer.from(head("GET /v1/\x9b31m\x85 HTTP/1.1"), "latin1")],
    ["a path with bytes that are no UTF-8", Buffer.from(head("GET /\xff\xfe HTTP/1.1"), "latin1")],
    ["a path with an escape", Buffer.from(head("GET /\x1b[2J HTTP/1.1"), "latin1")],
    ["a path with turned writing", Buffer.from(head("GET /v1/\u202e HTTP/1.1"))],
    ["a method of one's own", Buffer.from(head("\x1b[2J / HTTP/1.1"), "latin1")],
    ["Authorization with bytes", Buffer.from(authorized("Negotiate \xff\x9b\xfe"), "latin1")],
    ["Authorization with an escape", Buffer.from(authorized("Basic \x1b[2J"), "latin1")],
    ["Authorization with a bare line end", Buffer.from(authorized("Basic YTpi\nX: y"), "latin1")],
    ["Authorization folded", Buffer.from(authorized("Basic\r\n YTpi"), "latin1")],
    ["two Authorizations", Buffer.from(authorized("Basic YTpi\r\nAuthorization: Basic YTpi"))],
    ["a long Authorization", Buffer.from(authorized(`Negotiate ${"A".repeat(40_000)}`))],
  ])("%s are refused", async (_, bytes) => {
    const answer = await sendRaw(people.cluster.address, nodesAnchor(people.cluster), bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  test("a body that is no UTF-8 leaves nothing that is no text", async () => {
    const body = Buffer.from(
      JSON.stringify(request({ reason: "REASON", publicKey: makeSshKey() })),
    );
    const [before, after] = body.toString("latin1").split("REASON");
    const bytes = Buffer.from(`${before}\xc3\x28\xff${after}`, "latin1");
    const file = join(people.cluster.folder, "body");
    writeFileSync(file, bytes);
    const args = ["-H", "content-type: application/json", "--data-binary", `@${file}`];
    expect((await people.ask(cela, PATHS.certificates, undefined, { args })).status).toBeLessThan(
      500,
    );
  });
});

describe("afterwards", () => {
  test("keyserver's log is one safe JSON document for each line", () => {
    const lines = people.cluster.current().output().split("\n").filter(Boolean);
    expect(lines.length).toBeGreaterThan(300);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
      expect(line).not.toMatch(UNSAFE);
    }
  });

  test("the ledger's log is one line of printable ASCII for each entry, and its chain holds", () => {
    const file = join(people.cluster.root, "var/lib/keysystem/ledger.db");
    const db = new Database(file, { readonly: true });
    const bodies = db.prepare<[], string>("SELECT body FROM log").pluck().all();
    db.close();
    expect(bodies.length).toBeGreaterThan(50);
    for (const body of bodies) {
      expect(body).toMatch(/^[ -~]+$/);
      expect(JSON.parse(body)).toMatchObject({ event: expect.any(String) });
    }
    expect(checkLedger(file)).toEqual([]);
  });

  test("what cert list and cert show print steers no terminal, and says what the log says", async () => {
    const keyserver = (args: readonly string[]) => people.cluster.keyserver(args);
    const table = await keyserver(["cert", "list", "--limit", "1000"]);
    expect(table.stdout).not.toMatch(UNSAFE);
    const json = await keyserver(["cert", "list", "--limit", "1000", "--json"]);
    const Listed = Type.Object({ certificates: CertificateList.properties.certificates });
    const { certificates } = Value.Parse(Listed, JSON.parse(json.stdout));
    expect(certificates.length).toBeGreaterThan(10);
    const withReason = certificates.filter(
      ({ reason }) => reason !== undefined && reason !== "test",
    );
    expect(withReason.length).toBeGreaterThan(3);
    for (const { serial, reason = "" } of withReason) {
      const { stdout } = await keyserver(["cert", "show", serial]);
      expect(stdout).not.toMatch(UNSAFE);
      expect(stdout).toContain(reason);
      expect(Object.values(HOSTILE_TEXTS).concat("\ufffd(\ufffd")).toContain(reason);
    }
  });

  test("the comment of a key is nowhere", async () => {
    const comment = "COMMENT-THAT-NOBODY-KEEPS";
    const answer = await FIELDS["comment of a key"]?.(`command="reboot" ${comment}`);
    expect(answer?.body).toContain('"certificate"');
    expect(answer?.body).not.toContain(comment);
    await people.cluster.stop();
    for (const entry of readdirSync(people.cluster.folder, {
      recursive: true,
      withFileTypes: true,
    })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      expect(readFileSync(file).includes(comment), file).toBe(false);
    }
    await people.cluster.start();
  });
});
