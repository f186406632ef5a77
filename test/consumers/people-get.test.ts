import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peoplePolicy, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { canRun } from "./installed-programs.ts";
import { startKubernetesApi, type KubernetesApi } from "./kubernetes-api.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";

/** Certificates in files of a person's own, in the hands of programs that know nothing of keyreq. */

const isPossible = canRun(["openssl", "curl", "ssh-keygen", "unshare", "setpriv", "script"]);

const POLICY = peoplePolicy({
  // keyclient asks from 127.0.0.1
  replace: [["address: 127.0.1.11 }", "address: 127.0.0.1 }"]],
});

let people: PeopleCluster;
let api: KubernetesApi;
let alice: Desk;

describe.skipIf(!isPossible)("keyreq get", () => {
  beforeAll(async () => {
    people = await startPeopleCluster({ policy: POLICY });
    await people.cluster.join("m1");
    const at = (file: string): string =>
      join(people.cluster.nodeRoot("m1"), "etc/kubernetes/pki", file);
    api = await startKubernetesApi({
      certificate: at("apiserver.crt"),
      key: at("apiserver.key"),
      anchors: at("ca.crt"),
    });
    alice = makeDesk(people, "alice");
    await alice.kinit("alice@EXAMPLE.EDU");
    await alice.setup();
  }, 240_000);
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  /** A folder of hers that only she can use. */
  const makeFolder = async (name: string): Promise<string> => {
    const folder = join(alice.home, name);
    await alice.run("mkdir", ["-m", "700", folder]);
    return folder;
  };
  const get = (folder: string, ...more: readonly string[]) =>
    alice.keyreq(["get", "kube-user", "--out", folder, ...more]);
  const curl = (...args: readonly string[]) =>
    alice.run("curl", ["-q", "-sS", "-f", ...args, `${api.url}/api/v1/namespaces`]);
  const open = (file: string, password: string, ...more: readonly string[]) =>
    alice.run("openssl", ["pkcs12", "-in", file, "-passin", `pass:${password}`, ...more]);
  /** A password that nobody typed. */
  const passwordIn = (text: string): string => /^password: (\S+)$/m.exec(text)?.[1] ?? "";
  const hello = { code: 0, stdout: expect.stringContaining('"hello"'), stderr: "" };

  test("PEM: openssl takes key, certificate and chain for one, and curl is who the policy says", async () => {
    const folder = await makeFolder("pem");
    expect(await get(folder)).toMatchObject({ code: 0, stderr: "" });
    const at = (name: string): string => join(folder, name);
    expect(readdirSync(folder).toSorted()).toEqual([
      "kube-user-ca.crt",
      "kube-user.crt",
      "kube-user.key",
    ]);
    expect(statSync(at("kube-user.key")).mode & 0o7777).toBe(0o600);
    const verify = ["verify", "-purpose", "sslclient", "-CAfile", at("kube-user-ca.crt")];
    expect(await alice.run("openssl", [...verify, at("kube-user.crt")])).toMatchObject({ code: 0 });
    const shown = await alice.run("openssl", ["pkey", "-in", at("kube-user.key"), "-pubout"]);
    const leaf = new X509Certificate(readFileSync(at("kube-user.crt")));
    expect(leaf.publicKey.export({ format: "pem", type: "spki" })).toBe(shown.stdout);
    const pair = ["--cert", at("kube-user.crt"), "--key", at("kube-user.key")];
    expect(await curl(...pair, "--cacert", at("kube-user-ca.crt"))).toMatchObject(hello);
    expect(api.asked.at(-1)).toMatchObject({ user: "user:alice", groups: ["cluster-users"] });
  });

  describe("PKCS#12", () => {
    let file: string;
    let password: string;
    let anchors: string;
    beforeAll(async () => {
      const folder = await makeFolder("p12");
      const outcome = await get(folder, "--p12", "--generate-password");
      expect(outcome).toMatchObject({ code: 0, stderr: "" });
      file = join(folder, "kube-user.p12");
      password = passwordIn(outcome.stdout);
      anchors = join(alice.home, ".local/share/keysystem/hyades/anchors/kubernetes.pem");
    });

    test("is one file that only she reads, with a password that nobody guesses", () => {
      expect(readdirSync(join(file, ".."))).toEqual(["kube-user.p12"]);
      expect(statSync(file)).toMatchObject({ mode: 0o100_600, uid: alice.account.uid });
      expect(password).toMatch(/^(?:[a-z2-9]{6}-){3}[a-z2-9]{6}$/);
    });

    test("openssl opens it: the key, and the certificate that was issued", async () => {
      const { code, stdout, stderr } = await open(file, password, "-nodes", "-info");
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/PBES2[^]*AES-256-CBC/);
      const [issued] = await listIssued(people, "kube-user");
      const pems = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      // No root in it: whoever imports it is not asked to trust one.
      expect(pems).toHaveLength(1);
      const [leaf] = pems.map((pem) => new X509Certificate(pem));
      expect(leaf?.serialNumber.toLowerCase()).toBe(issued?.serial);
      const key = await alice.run("openssl", ["pkey", "-pubout"], { stdin: stdout });
      expect(leaf?.publicKey.export({ format: "pem", type: "spki" })).toBe(key.stdout);
    });

    test.for(["", "wrong", "PASSWORD"])("%j does not open it", async (other) => {
      const wrong = other === "PASSWORD" ? password.toUpperCase() : other;
      const { code, stdout, stderr } = await open(file, wrong, "-nodes");
      expect({ isOpen: code === 0, stdout }).toEqual({ isOpen: false, stdout: "" });
      expect(stderr).toMatch(/Mac verify error: invalid password/);
    });

    test("a browser's way: curl shows it to a TLS server, and is who the policy says", async () => {
      const since = api.asked.length;
      const shown = ["--cert-type", "P12", "--cert", `${file}:${password}`, "--cacert", anchors];
      expect(await curl(...shown)).toMatchObject(hello);
      expect(api.asked.slice(since)).toMatchObject([
        { user: "user:alice", groups: ["cluster-users"] },
      ]);
      expect((await curl("--cacert", anchors)).code).not.toBe(0);
      expect(api.asked).toHaveLength(since + 1);
    });

    test("a password that is typed, twice and unseen, in any script", async () => {
      const folder = await makeFolder("typed");
      const typed = "richtiges Pferd ☃ é";
      const command = `${alice.program} get kube-user --p12 --out ${folder}`;
      const { code, screen } = await alice.onTerminal(command, [
        { question: "password for the file: ", answer: typed },
        { question: "the same again: ", answer: typed },
      ]);
      expect(code, screen).toBe(0);
      expect(screen).not.toContain("Pferd");
      expect(await open(join(folder, "kube-user.p12"), typed, "-noout")).toMatchObject({ code: 0 });
    });

    test("two passwords that differ give no file, and cost no certificate", async () => {
      const folder = await makeFolder("differing");
      const issued = await listIssued(people, "kube-user");
      const command = `${alice.program} get kube-user --p12 --out ${folder}`;
      const { code } = await alice.onTerminal(command, [
        { question: "password for the file: ", answer: "one" },
        { question: "the same again: ", answer: "two" },
      ]);
      expect(code).not.toBe(0);
      expect(readdirSync(folder)).toEqual([]);
      expect(await listIssued(people, "kube-user")).toHaveLength(issued.length);
    });
  });

  test("SSH: ssh-keygen takes key and certificate for one", async () => {
    const folder = await makeFolder("ssh");
    const outcome = await alice.keyreq(["get", "ssh-login", "--out", folder]);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    const file = join(folder, "ssh-login");
    const shown = await alice.run("ssh-keygen", ["-L", "-f", `${file}-cert.pub`]);
    expect(shown.stdout).toMatch(/Principals: *\n +alice\n/);
    const own = await alice.run("ssh-keygen", ["-y", "-f", file]);
    const [, blob = ""] = own.stdout.split(/\s/);
    expect(readFileSync(`${file}.pub`, "utf8")).toContain(blob);
    expect(await alice.run("ssh-keygen", ["-l", "-f", file])).toMatchObject({ code: 0 });
  });

  test.for([
    { what: "kube-admin", exit: 3, says: /denied: alice@EXAMPLE\.EDU is not in root-admins/ },
    { what: "kubelet", exit: 3, says: /denied: kubelet is for nodes/ },
    { what: "service-account-key", exit: 3, says: /denied: service-account-key is for nodes/ },
    { what: "kube-usr", exit: 2, says: /no grant "kube-usr"\n.*did you mean kube-user/ },
    { what: "../kube-user", exit: 2, says: /error: / },
  ])("$what gives nothing, and leaves nothing: exit $exit", async ({ what, exit, says }) => {
    const folder = await makeFolder(`none-${what.replaceAll("/", "_")}`);
    const outcome = await alice.keyreq(["get", what, "--out", folder]);
    expect(outcome).toMatchObject({ code: exit, stdout: "", stderr: expect.stringMatching(says) });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a file that is not keyreq's is not overwritten, and nothing is asked for", async () => {
    const folder = await makeFolder("foreign");
    alice.write("foreign/kube-user.key", "mine\n");
    const issued = await listIssued(people, "kube-user");
    const outcome = await get(folder);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("kube-user.key") });
    expect(readFileSync(join(folder, "kube-user.key"), "utf8")).toBe("mine\n");
    expect(await listIssued(people, "kube-user")).toHaveLength(issued.length);
  });
});
