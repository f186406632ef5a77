import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canRun } from "../consumers/installed-programs.ts";
import { startDaemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
import { KEYREQ, startUseSite, type Home, type UseSite } from "./keyreq-use-site.ts";

/** What people do with their certificates: kubectl, etcdctl, files; against real servers. */

const TIME = 240_000;
const isPossible = canRun(["etcd", "etcdctl", "kubectl", "krb5kdc", "slapd", "openssl"]);
const REASON = { KEYREQ_REASON: "a scenario" };

let site: UseSite;
let alice: Home;
let cela: Home;

beforeAll(async () => {
  if (!isPossible) return;
  site = await startUseSite();
  alice = await site.home("alice@EXAMPLE.EDU");
  cela = await site.home("cela/root@EXAMPLE.EDU");
}, TIME);

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
}, TIME);

/** Lines of a file that a program has written; none when there is none. */
const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];

describe.skipIf(!isPossible)("kubectl", () => {
  test("gets its certificate by the context that setup wrote, and keeps it", async () => {
    site.api.seen.length = 0;
    const first = await alice.run("kubectl", ["get", "ns"]);
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("hello")]);
    const held = await alice.keyreq(["status", "--json"]);
    expect(held.stdout).toContain('"kube-user"');
    const serial = /"serial": "(\w+)"/.exec(held.stdout)?.[1];
    expect((await alice.run("kubectl", ["get", "ns"])).stderr).toBe("");
    expect((await alice.keyreq(["status", "--json"])).stdout).toContain(`"${serial}"`);
    expect(new Set(site.api.seen)).toEqual(new Set(["user:alice"]));
  });
  test("leaves standard input to kubectl", async () => {
    const { code, stdout, stderr } = await alice.run("kubectl", ["get", "-f", "-"], {
      stdin: '{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"hello"}}',
    });
    expect(`${code} ${stdout}${stderr}`).toMatch(/NotFound|not found|could not find/i);
  });
  test("asks once for each command, and once more where the API refuses the certificate", async () => {
    const count = join(alice.folder, "asked");
    const bin = join(alice.folder, "bin");
    mkdirSync(bin);
    const script = `#!/bin/sh\necho asked >> '${count}'\nexec '${KEYREQ}' "$@"\n`;
    writeFileSync(join(bin, "keyreq"), script, { mode: 0o755 });
    const config = readFileSync(join(alice.folder, ".kube/config"), "utf8");
    const counted = join(alice.folder, "counted.yaml");
    writeFileSync(counted, config.replace(/command: .*keyreq"?$/m, `command: ${bin}/keyreq`));
    const env = { KUBECONFIG: counted };
    expect((await alice.run("kubectl", ["get", "ns"], { env })).code).toBe(0);
    expect(linesOf(count)).toHaveLength(1);
    site.api.refusals = 1;
    expect((await alice.run("kubectl", ["get", "ns"], { env })).code).toBe(1);
    expect(linesOf(count)).toHaveLength(3);
  });
  test("under keyreq kube has this cluster's context, whatever else is set up", async () => {
    const config = join(alice.folder, "other.yaml");
    writeFileSync(config, "apiVersion: v1\nkind: Config\ncurrent-context: none\n");
    const args = ["kube", "--", "kubectl", "get", "ns", "-o", "name"];
    const { code, stdout } = await alice.keyreq(args, { env: { KUBECONFIG: config } });
    expect([code, stdout]).toEqual([0, "namespace/hello\n"]);
    expect(readFileSync(config, "utf8")).toContain("current-context: none");
  });
  test("is told in one line why there is no certificate, and what to type; exit code 3 of keyreq", async () => {
    const carol = await site.home("carol@EXAMPLE.EDU");
    const { code, stderr } = await carol.run("kubectl", ["get", "ns"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/keyreq: error: denied: carol@EXAMPLE\.EDU is not in /);
    expect(stderr).toMatch(/exit code 3/);
    expect((await carol.keyreq(["kube"])).code).toBe(3);
  });
  test("gets no certificate that needs a reason where nobody can say one", async () => {
    const without = await cela.keyreq(["kube", "--", "kubectl", "get", "ns"]);
    expect([without.code, without.stderr]).toEqual([
      6,
      expect.stringContaining("kube-admin needs a reason"),
    ]);
    const args = ["kube", "--reason", "a scenario", "--", "kubectl", "get", "ns"];
    expect((await cela.keyreq(args)).stdout).toContain("hello");
    expect(site.api.seen.at(-1)).toMatch(/^root:cela/);
  });
  test("and every other program: exit code, words, and no shell", async () => {
    const { code, stdout } = await alice.keyreq([
      "kube",
      "--",
      "sh",
      "-c",
      'printf "%s|" "$@"; exit 42',
      "sh",
      "$(id)",
      "--json",
      "",
    ]);
    expect([code, stdout]).toEqual([42, "$(id)|--json||"]);
    expect(await alice.keyreq(["kube", "--", "kubctl"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no program "kubctl"'),
    });
  });
});

test.skipIf(!isPossible).for(["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const)(
  "a program under keyreq gets %s, and ends in its own time",
  async (signal) => {
    const name = signal.slice("SIG".length);
    const script = `trap 'echo cleaning up; exit 9' ${name}; echo ready; while :; do sleep 0.1; done`;
    const daemon = startDaemon(KEYREQ, ["kube", "--", "sh", "-c", script], {
      log: join(alice.folder, `${signal}.log`),
      env: alice.environment,
    });
    await waitFor("the program's start", () => Promise.resolve(daemon.output().includes("ready")));
    process.kill(daemon.pid, signal);
    expect([await daemon.ended, daemon.output()]).toEqual([9, "ready\ncleaning up\n"]);
  },
);

describe.skipIf(!isPossible)("etcdctl", () => {
  test("writes and reads with a certificate of its own, and is refused without", async () => {
    const put = await cela.keyreq(["etcd", "--", "etcdctl", "put", "k", "v"], { env: REASON });
    expect([put.code, put.stdout]).toEqual([0, "OK\n"]);
    const got = await cela.keyreq(["etcd", "--", "etcdctl", "get", "k", "--print-value-only"]);
    expect([got.code, got.stdout]).toEqual([0, "v\n"]);
    const bare = ["--command-timeout=2s", `--endpoints=${site.etcd}`, "get", "k"];
    expect((await cela.run("etcdctl", bare, { env: { ETCDCTL_API: "3" } })).code).not.toBe(0);
  });
  test("obeys its own flags", async () => {
    const flag = `--endpoints=${site.etcd}`;
    const got = await cela.keyreq(["etcd", "--", "etcdctl", flag, "get", "k"]);
    expect([got.code, got.stdout]).toEqual([0, "k\nv\n"]);
    const wrong = ["etcd", "--", "etcdctl", "--command-timeout=2s", "--cert=/none", "get", "k"];
    expect((await cela.keyreq(wrong)).code).not.toBe(0);
  });
  test("takes what keyreq etcd prints", async () => {
    const script = 'eval "$(keyreq etcd)" && exec etcdctl get k';
    const { code, stdout, stderr } = await cela.run("sh", ["-c", script]);
    expect([code, stdout, stderr]).toEqual([0, "k\nv\n", ""]);
  });
  test("is not run for whom no grant lets in", async () => {
    const { code, stdout, stderr } = await alice.keyreq(["etcd", "--", "echo", "run"]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(
      /denied: alice@EXAMPLE\.EDU is not in root-admins; .*cela\/root@EXAMPLE\.EDU/,
    );
  });
});

describe.skipIf(!isPossible)("keyreq get", () => {
  test("PKCS#12 that openssl opens with the generated password", async () => {
    const out = join(alice.folder, "p12");
    mkdirSync(out, { mode: 0o700 });
    const flags = ["--out", out, "--p12", "--generate-password", "--json"];
    const { code, stdout, stderr } = await alice.keyreq(["get", "kube-user", ...flags]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const password = /"password": "([^"]+)"/.exec(stdout)?.[1] ?? "";
    const file = join(out, "kube-user.p12");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(join(out, "password"), password);
    const open = ["pkcs12", "-in", file, "-passin", `file:${join(out, "password")}`, "-nodes"];
    const opened = await alice.run("openssl", open);
    expect(opened.code).toBe(0);
    expect(
      new X509Certificate(opened.stdout.slice(opened.stdout.indexOf("-----BEGIN"))).subject,
    ).toContain("user:alice");
  });
  test("an SSH certificate as ssh-keygen reads it, key and all", async () => {
    const out = join(alice.folder, "ssh");
    mkdirSync(out, { mode: 0o700 });
    expect((await alice.keyreq(["get", "ssh-login", "--out", out])).code).toBe(0);
    const shown = await alice.run("ssh-keygen", ["-L", "-f", join(out, "ssh-login-cert.pub")]);
    expect(shown.stdout).toMatch(/Principals: \n +alice\n/);
    const derived = await alice.run("ssh-keygen", ["-y", "-f", join(out, "ssh-login")]);
    const [type, blob] = derived.stdout.split(" ");
    expect(linesOf(join(out, "ssh-login.pub"))[0]).toContain(`${type} ${blob?.trim()}`);
    expect(statSync(join(out, "ssh-login")).mode & 0o777).toBe(0o600);
  });
});

test.skipIf(!isPossible)(
  "with the KDC gone, what is held goes on and nothing new comes: exit code 4 within five seconds",
  async () => {
    const bob = await site.home("bob@EXAMPLE.EDU");
    await site.people.kdc.stop();
    const begun = performance.now();
    const refused = await bob.keyreq(["kube"]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("KDC")]);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect((await alice.run("kubectl", ["get", "ns"])).code).toBe(0);
    const got = await cela.keyreq(["etcd", "--", "etcdctl", "get", "k"]);
    expect([got.code, got.stdout]).toEqual([0, "k\nv\n"]);
  },
);
