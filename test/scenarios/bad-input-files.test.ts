import Database from "better-sqlite3";
import {
  chownSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../protocol/exit-codes.ts";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { type Outcome, run } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { CHECKOUT_IS_OPEN } from "../harness/reachable.ts";
import { CHECKOUT } from "../harness/source-tree.ts";

/** The "Bad input": what is wrong with a file of the server is said when it starts, and it does not start. */

let cluster: Cluster;
let root: string;

beforeAll(async () => {
  cluster = await createCluster();
  root = join(cluster.folder, "trial");
});
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  cpSync(cluster.root, root, { recursive: true, verbatimSymlinks: true });
});
afterAll(async () => {
  await cluster.dispose();
});

const at = (path: string): string => join(root, path);
const SERVER = "etc/keysystem/server.yaml";
const SIGNER = "etc/keysystem/signer.yaml";
const SECRET = "etc/keysystem/seal.secret";
const APPLIED = "etc/keysystem/applied/policy.yaml";
const LEDGER = "var/lib/keysystem/ledger.db";
const KEYS = "var/lib/keysigner/authorities";

const start = (): Promise<Outcome> => run(KEYSERVER, ["run", "--root", root]);

/** Every file under the root but sockets and SQLite's own side files, with its content. */
const snapshot = (): readonly (readonly [string, string])[] =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(at(path)).isFile() && statSync(at(path)).size < 1e6)
    .filter((path) => !/-(?:wal|shm)$/.test(path))
    .map((path) => [path, readFileSync(at(path), "base64")] as const)
    .sort(([a], [b]) => a.localeCompare(b));

const write = (path: string, text: string) => () => writeFileSync(at(path), text);
const edit = (path: string, from: RegExp, to: string) => () =>
  writeFileSync(at(path), readFileSync(at(path), "utf8").replace(from, to));
const remove = (path: string) => () => rmSync(at(path), { recursive: true });

function setVersion(version: number): void {
  const database = new Database(at(LEDGER));
  const column = database.prepare("SELECT * FROM schema").columns()[0]?.name ?? "";
  database.exec(`UPDATE schema SET "${column}" = ${version}`);
  database.close();
}

const { usage, unexpected } = EXIT;

test.each<readonly [string, () => void, number, RegExp]>([
  [
    "no server.yaml",
    remove(SERVER),
    usage,
    /server\.yaml does not exist\n.*hint: .*keyserver init --root/,
  ],
  [
    "a misspelt key",
    edit(SERVER, /^listen/m, "lisen"),
    usage,
    /server\.yaml:2:1: unknown key "lisen"; did you mean "listen"\?/,
  ],
  [
    "a missing key",
    edit(SERVER, /^advertise: .*\n/m, ""),
    usage,
    /server\.yaml:\d+:1: key "advertise" is missing; add "advertise:"/,
  ],
  [
    "a wrong listen",
    edit(SERVER, /^listen: .*/m, "listen: everywhere"),
    usage,
    /server\.yaml: "everywhere" is not ADDRESS:PORT\n.*10\.18\.60\.11:20557/,
  ],
  [
    "a key twice",
    edit(SERVER, /$/, "\nlisten: x:1\n"),
    usage,
    /server\.yaml:\d+:1: the key is there twice/,
  ],
  ["an anchor", edit(SERVER, /^listen: /m, "listen: &a "), usage, /server\.yaml:2:\d+: /],
  [
    "an unknown log level",
    edit(SERVER, /$/, "\nlog: loud\n"),
    usage,
    /server\.yaml:\d+:\d+: log: "loud" must be one of "debug", "info"/,
  ],
  ["no signer.yaml", remove(SIGNER), usage, /keysigner cannot run: .*signer\.yaml: ENOENT/],
  [
    "an unknown key for the signer",
    edit(SIGNER, /^names/m, "nams"),
    usage,
    /signer\.yaml:2:1: unknown key "nams"/,
  ],
  [
    "a missing key for the signer",
    edit(SIGNER, /^seal: .*/m, ""),
    usage,
    /signer\.yaml:1:1: seal: is missing/,
  ],
  ["no secret", remove(SECRET), usage, /seal\.secret: ENOENT/],
  [
    "a short secret",
    write(SECRET, "short"),
    usage,
    /seal\.secret: a sealing secret has 16 to 1024 bytes, not 5/,
  ],
  [
    "a wrong secret",
    write(SECRET, "x".repeat(43)),
    unexpected,
    /keysigner cannot run: .*nodes.key.*secret/,
  ],
  ["no authorities", remove(KEYS), unexpected, /authorities cannot be read/],
  [
    "an authority without its key",
    remove(`${KEYS}/services.key`),
    unexpected,
    /services\.crt has no key beside it/,
  ],
  ["no applied policy", remove(APPLIED), usage, /applied\/policy\.yaml: cannot be read: ENOENT/],
  [
    "an applied policy of 1 GiB",
    () => truncateSync(at(APPLIED), 2 ** 30),
    usage,
    /1073741824 bytes are more than the 1048576/,
  ],
  [
    "an applied policy of garbage",
    write(APPLIED, "grants: ["),
    usage,
    /applied\/policy\.yaml:\d+:\d+: E101/,
  ],
  [
    "no ledger",
    remove(LEDGER),
    unexpected,
    /ledger\.db: there is no ledger; create one with: keyserver init, or restore/,
  ],
  ["an empty ledger", write(LEDGER, ""), unexpected, /ledger\.db: is empty; restore a backup/],
  [
    "a ledger of garbage",
    write(LEDGER, "garbage ".repeat(1000)),
    unexpected,
    /is not a database; restore a backup/,
  ],
  ["a ledger of a newer version", () => setVersion(99), unexpected, /version 99.*/],
  [
    "a ledger of another user",
    () => chownSync(at(LEDGER), 65_534, 65_534),
    unexpected,
    /belongs to user 65534.*chown 0/,
  ],
])("with %s keyserver run says so and ends", async (_, spoil, code, want) => {
  spoil();
  const before = snapshot();
  const { code: ended, stderr } = await start();
  expect(stderr).toMatch(want);
  expect(stderr.match(/^keyserver: error: /gm)).toHaveLength(1);
  expect(stderr).toMatch(/^keyserver: hint: /m);
  expect(ended).toBe(code);
  expect(snapshot()).toEqual(before);
});

test("an address of another machine", async () => {
  edit(SERVER, /^listen: .*/m, 'listen: "192.0.2.1:20557"')();
  const { code, stderr } = await start();
  expect(stderr).toMatch(/cannot listen on 192\.0\.2\.1 port 20557.*\n.*hint: check listen:/);
  expect(code).toBe(unexpected);
});

test("a port in use", async () => {
  const [host = "", port = ""] = cluster.address.split(":");
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(Number(port), host, resolve));
  try {
    const { code, stderr } = await start();
    expect(stderr).toMatch(/error: port \d+ of 127\.0\.0\.1 is in use\n.*hint: .*ss -ltnp/);
    expect(code).toBe(unexpected);
  } finally {
    squatter.close();
  }
});

test("a second keyserver on the same root is refused, and the first goes on", async () => {
  await cluster.start();
  const { code, stderr } = await run(KEYSERVER, ["run", "--root", cluster.root]);
  expect(stderr).toMatch(/error: .*another keyserver/);
  expect(code).toBe(unexpected);
  expect((await cluster.keyserver(["status"])).code).toBe(0);
  await cluster.stop();
});

test.runIf(CHECKOUT_IS_OPEN)(
  "another user cannot read what is root's, and is told so",
  async () => {
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath];
    const program = join(CHECKOUT, "server/keyserver.ts");
    const { code, stderr } = await run("setpriv", [...nobody, program, "run", "--root", root]);
    expect(stderr).toMatch(/keyserver: error: .*\n.*hint: /);
    expect(code).not.toBe(0);
  },
);
