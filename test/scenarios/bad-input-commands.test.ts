import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Value } from "typebox/value";
import { Status } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { type Outcome, run } from "../harness/command.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { CHECKOUT_IS_OPEN } from "../harness/reachable.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import { askOverSocket } from "../harness/unix-request.ts";

/** The "Bad input": a wrong flag, name or file gets one message, its exit code, and changes nothing. */

const POLICY = join(CHECKOUT, "test/quickstart.policy.yaml");
let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  [cluster, folder] = await Promise.all([startCluster(), mkdtemp(join(tmpdir(), "bad-input-"))]);
});
afterAll(async () => {
  await cluster.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** The lines of stderr: `error:` first, `hint:` where there is one, and no stack. */
function expectFailure(outcome: Outcome, code: number, want: RegExp): void {
  const { stderr } = outcome;
  expect(stderr).toMatch(want);
  expect([outcome.code, stderr.match(/^keyserver: error: /gm)?.length]).toEqual([code, 1]);
  expect(stderr).not.toMatch(/^\s+at |\bundefined\b|"level":/m);
}

const keyserver = (args: readonly string[], root: string): Promise<Outcome> =>
  run(KEYSERVER, [...args, "--root", root], { stdin: "" });

describe("flags and names", () => {
  test("with --json a failure is one document beside what is said", async () => {
    const outcome = await keyserver(["status", "--json"], join(folder, "nobody"));
    expectFailure(outcome, EXIT.unreachable, /is not running/);
    expect(JSON.parse(outcome.stdout)).toEqual({
      schema: 1,
      error: expect.stringMatching(/^keyserver is not running/),
      hints: [expect.stringMatching(/keyserver run/)],
      exit: EXIT.unreachable,
    });
  });

  test.each<readonly [string, number, RegExp]>([
    ["statsu", EXIT.usage, /unknown command 'statsu'\n\(Did you mean status\?\)\n.*hint: /],
    ["node admti w1", EXIT.usage, /unknown command 'admti'\n\(Did you mean admit\?\)/],
    ["status --chek", EXIT.usage, /unknown option '--chek'\n\(Did you mean --check\?\)/],
    ["node admit", EXIT.usage, /missing required argument 'node'/],
    ["node admit w1 w2", EXIT.usage, /too many arguments/],
    ["node admit w9", EXIT.usage, /names no node w9; add it under nodes: in policy\.yaml/],
    ["node admit w1 --ttl soon", EXIT.usage, /--ttl soon is not a time.*\n.*--ttl 15m/],
    ["node admit w1 --ttl 10s", EXIT.usage, /--ttl 10s is not a time of at least 1m/],
    ["node admit w1 --ttl 6d", EXIT.denied, /518400 s is longer than the 86400 s/],
    ["node admit ../w1", EXIT.usage, /names no node \.\.\/w1/],
    ["node show w9", EXIT.usage, /no node w9: see keyserver node list/],
    ["node suspend w1", EXIT.usage, /w1 has not joined: see keyserver node list/],
    ["token revoke nothing", EXIT.usage, /no join string "nothing".*see keyserver token list/],
    ["cert show nonsense", EXIT.usage, /no certificate with this serial: see keyserver cert list/],
    ["cert show ../status", EXIT.usage, /no certificate with this serial/],
    [
      "cert list --limit many",
      EXIT.usage,
      /--limit many is not a whole number from 1 to 1000\n.*hint/,
    ],
    ["cert list --limit 0", EXIT.usage, /--limit 0 is not a whole number from 1 to 1000/],
    ["cert list --expiring soon", EXIT.usage, /--expiring soon is not a time\n.*--expiring 7d/],
    [
      "authority show servces",
      EXIT.usage,
      /no authority servces\n.*there are nodes, services, ssh-host/,
    ],
    ["authority export services --ssh", EXIT.usage, /services is of kind tls\n.*hint: .*--pem/],
    [
      "authority create services",
      EXIT.usage,
      /has a key already.*never overwritten\n.*authority show/,
    ],
    [
      "authority create extra",
      EXIT.usage,
      /declares no authority extra\n.*add it under authorities:/,
    ],
    [
      "policy check missing.yaml",
      EXIT.usage,
      /missing\.yaml does not exist\n.*hint: name the file/,
    ],
    ["policy check /tmp", EXIT.usage, /\/tmp is a folder\n.*hint/],
  ])("keyserver %s", async (command, code, want) => {
    const before = await statusOf();
    expectFailure(await keyserver(command.split(" "), cluster.root), code, want);
    expect((await statusOf()).checkpoint).toEqual(before.checkpoint);
  });

  test("an empty --root, and a command to a server that is not running", async () => {
    const empty = await run(KEYSERVER, ["status", "--root", ""]);
    expectFailure(empty, EXIT.usage, /--root is empty\n.*hint: give a folder/);
    const stopped = await keyserver(["status"], folder);
    expectFailure(
      stopped,
      EXIT.unreachable,
      /is not running.*\n.*hint: start it: keyserver run --root/,
    );
  });

  test.runIf(CHECKOUT_IS_OPEN)(
    "another user's command does not reach the admin socket",
    async () => {
      const asNobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
      const args = [...asNobody, process.execPath, join(CHECKOUT, "server/keyserver.ts")];
      const outcome = await run("setpriv", [...args, "status", "--root", cluster.root]);
      expectFailure(outcome, EXIT.unauthenticated, /not allowed to open .*admin\.sock\n.*sudo/);
    },
  );
});

async function statusOf(): Promise<Status> {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const { body } = await askOverSocket(socket, "GET", ADMIN_PATHS.status);
  return Value.Parse(Status, JSON.parse(body));
}

describe("init", () => {
  const yes = ["--yes", "--address", "127.0.0.1"];
  test.each<readonly [string, readonly string[], number, RegExp]>([
    [
      "without a terminal",
      [],
      EXIT.usage,
      /terminal, and there is none\n.*add --yes.*--node --domain/,
    ],
    [
      "--listen",
      [...yes, "--listen", "here"],
      EXIT.usage,
      /--listen here is not ADDRESS:PORT\n.*for example/,
    ],
    ["--listen port", [...yes, "--listen", "127.0.0.1:0"], EXIT.usage, /is not ADDRESS:PORT/],
    [
      "--cluster",
      [...yes, "--cluster", "Bad Name!"],
      EXIT.usage,
      /^policy\.yaml:\d+:\d+: error.*cluster name/m,
    ],
    [
      "--name",
      [...yes, "--name", "bad name"],
      EXIT.usage,
      /--name "bad name" is neither a DNS name nor/,
    ],
    ["--policy", [...yes, "--policy", "/nowhere"], EXIT.usage, /\/nowhere does not exist/],
    [
      "--authority-key",
      [...yes, "--authority-key", "services"],
      EXIT.usage,
      /is not NAME=KIND\n.*services=rsa-3072/,
    ],
    [
      "--authority-key of none",
      [...yes, "--authority-key", "x=ed25519"],
      EXIT.usage,
      /no authority "x"\n.*there are nodes/,
    ],
    [
      "--authority-key of no kind",
      [...yes, "--authority-key", "nodes=rsa-1024"],
      EXIT.usage,
      /cannot have a key of kind rsa-1024\n.*ecdsa-p256/,
    ],
    [
      "--server-user",
      [...yes, "--server-user", "nobody-here", "--signer-user", "root"],
      EXIT.usage,
      /no account "nobody-here"\n.*useradd/,
    ],
    [
      "--server-user without the other",
      [...yes, "--server-user", "1:1"],
      EXIT.usage,
      /--server-user and --signer-user: .*\n.*give both/,
    ],
  ])("with a wrong %s leaves nothing behind", async (_, args, code, want) => {
    const root = join(folder, "init");
    expectFailure(await keyserver(["init", ...args], root), code, want);
    expect(existsSync(root)).toBe(false);
  });

  test("that fails half way takes away what it made", async () => {
    const root = join(folder, "l".repeat(100));
    const outcome = await keyserver(["init", ...yes], root);
    expectFailure(
      outcome,
      EXIT.unexpected,
      /longer than the 107 bytes of a Unix socket\n.*shorter --root/,
    );
    expect(existsSync(root)).toBe(false);
  });

  test("where no folder can be made does not wait for ever", async () => {
    const outcome = await keyserver(["init", ...yes], "/proc/keysystem");
    expectFailure(outcome, EXIT.unexpected, /\/proc\/keysystem/);
  });

  test("a second time is refused, and the first stays as it was", async () => {
    const secret = join(cluster.root, "etc/keysystem/seal.secret");
    const before = [readFileSync(secret, "utf8"), listAuthorities()];
    const outcome = await keyserver(["init", "--policy", POLICY, ...yes], cluster.root);
    expectFailure(outcome, EXIT.usage, /is there already.*never overwritten\n.*keyserver status/);
    expect([readFileSync(secret, "utf8"), listAuthorities()]).toEqual(before);
  });
  const listAuthorities = (): readonly string[] =>
    readdirSync(join(cluster.root, "var/lib/keysigner/authorities"));
});

describe("policies", () => {
  const GARBAGE = Buffer.from([0xff, 0xfe, 0x00, 0x41, 0xc3, 0x28]);
  test.each<readonly [string, (file: string) => void, number, RegExp]>([
    ["of 1 GiB", sparse, EXIT.usage, /has 1073741824 bytes; a policy has at most 1048576/],
    ["of bytes", (file) => writeFileSync(file, GARBAGE), EXIT.usage, /is not UTF-8 text/],
    ["of nothing", (file) => writeFileSync(file, ""), EXIT.unhealthy, /:1:1: error\[E\d+\]/],
    [
      "of another language",
      (file) => writeFileSync(file, "{[}"),
      EXIT.unhealthy,
      /:\d+:\d+: error\[E/,
    ],
  ])("%s are refused at once", async (_, write, code, want) => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, "");
    write(file);
    const begun = performance.now();
    const outcome = await keyserver(["policy", "check", file], folder);
    expect(`${outcome.stdout}${outcome.stderr}`).toMatch(want);
    expect(outcome.code).toBe(code);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test.each<readonly [string, (text: string) => string, RegExp]>([
    [
      "a lifetime too long",
      (text) => text.replace("lifetime: 30d", "lifetime: 36d"),
      /:\d+:\d+: error\[E303\]/,
    ],
    [
      "a failing test",
      (text) => text.replace("{ cn: web-m1", "{ cn: web-m2"),
      /:\d+:\d+: error\[E501\]/,
    ],
    ["an unknown key", (text) => `${text}\ngrantss: {}\n`, /grantss/],
  ])("with %s are not applied, and the old one answers", async (_, edit, want) => {
    const file = join(cluster.root, "etc/keysystem/policy.yaml");
    const text = readFileSync(file, "utf8");
    const { policy } = await statusOf();
    writeFileSync(file, edit(text));
    const outcome = await cluster.keyserver(["policy", "apply"]);
    writeFileSync(file, text);
    expectFailure(outcome, EXIT.unhealthy, want);
    expect(outcome.stderr).toMatch(/nothing was applied\n.*hint: mend it/);
    expect((await statusOf()).policy.hash).toBe(policy.hash);
  });
});

function sparse(file: string): void {
  truncateSync(file, 1024 ** 3);
}
