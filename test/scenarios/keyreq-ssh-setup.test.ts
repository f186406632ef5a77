import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOST, startSshSite, type Machine, type SshSite } from "./keyreq-ssh-site.ts";

let site: SshSite;
beforeAll(async () => {
  site = await startSshSite();
}, 240_000);
afterAll(() => site[Symbol.asyncDispose]());

const ADMIN = "cela/root@EXAMPLE.EDU";
const REASON = { KEYREQ_REASON: "OSD 12 will not start" };
const SUCCESS = { code: 0, stderr: "" };

async function ready(principal: string): Promise<Machine> {
  const machine = await site.machine(principal);
  expect(await machine.setup("--yes")).toMatchObject(SUCCESS);
  return machine;
}

const dataOf = ({ home }: Machine): string => join(home, ".local/share/keysystem");
describe("setup", () => {
  test("without a terminal shows all, writes nothing, and exits 2", async () => {
    const machine = await site.machine(ADMIN);
    const before = readFileSync(join(machine.home, ".ssh/config"));
    const outcome = await machine.setup();
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toContain("  + Match all\n");
    expect(outcome.stdout).toContain("  + @cert-authority *.hyades.example.edu,");
    expect(outcome.stderr).toContain("hint: keyreq setup URL --pin PIN --yes");
    expect(existsSync(dataOf(machine))).toBe(false);
    expect(readFileSync(join(machine.home, ".ssh/config")).equals(before)).toBe(true);
  });

  test("adds once however often it runs, and forget --setup brings every byte back", async () => {
    const machine = await site.machine(ADMIN);
    const config = join(machine.home, ".ssh/config");
    chmodSync(config, 0o640);
    const before = readFileSync(config);
    expect(await machine.setup("--yes", "--kubernetes", "https://api:6443")).toMatchObject(SUCCESS);
    const after = readFileSync(config);
    const again = await machine.setup("--yes");
    expect(again).toMatchObject(SUCCESS);
    expect(again.stdout).toContain("nothing to add");
    expect(readFileSync(config).equals(after)).toBe(true);
    const view = await machine.run("kubectl", ["config", "view", "-o", "json"]);
    expect(JSON.parse(view.stdout)).toMatchObject({
      "current-context": "hyades",
      clusters: [{ name: "hyades", cluster: { server: "https://api:6443" } }],
    });
    const anchors = join(dataOf(machine), "hyades/anchors/kubernetes.pem");
    expect(view.stdout).toContain(anchors);
    expect(readFileSync(anchors, "utf8")).toContain("BEGIN CERTIFICATE");
    expect(await machine.keyreq(["forget", "--setup"])).toMatchObject(SUCCESS);
    expect(readFileSync(config).equals(before)).toBe(true);
    expect(statSync(config).mode & 0o777).toBe(0o640);
    expect(existsSync(dataOf(machine))).toBe(false);
    expect(existsSync(join(machine.home, ".kube"))).toBe(false);
  });

  test("refreshes the anchors when it runs again", async () => {
    const machine = await ready(ADMIN);
    const known = join(dataOf(machine), "hyades/known_hosts");
    const text = readFileSync(known, "utf8");
    writeFileSync(known, "old\n");
    expect(await machine.setup("--yes")).toMatchObject(SUCCESS);
    expect(readFileSync(known, "utf8")).toBe(text);
  });

  test.for([
    {
      what: "another pin",
      pin: `sha256:${"0".repeat(64)}`,
      code: 6,
      says: "does not match the pin in the command line;",
    },
    { what: "half a pin", pin: "sha256:12", code: 2, says: "64 hexadecimal digits" },
    { what: "nobody there", server: "localhost:1", code: 4, says: "nobody listens there" },
    {
      what: "a path",
      server: "https://localhost/x",
      code: 2,
      says: "is no address of a keyserver",
    },
    {
      what: "plain HTTP",
      server: "http://localhost",
      code: 2,
      says: "is no address of a keyserver",
    },
    { what: "a URL without TLS", more: ["--kubernetes", "http://api"], code: 2, says: "https://" },
  ])("$what changes nothing: $says", async ({ pin, server, code, says, more = [] }) => {
    const machine = await site.machine(ADMIN);
    const before = readFileSync(join(machine.home, ".ssh/config"));
    const words = ["setup", server ?? site.server, "--pin", pin ?? site.pin, "--yes", ...more];
    const outcome = await machine.keyreq(words);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(says);
    expect(outcome.stderr).not.toContain("join string");
    expect(existsSync(dataOf(machine))).toBe(false);
    expect(readFileSync(join(machine.home, ".ssh/config")).equals(before)).toBe(true);
  });

  test("speaks JSON: one document", async () => {
    const machine = await site.machine(ADMIN);
    const outcome = await machine.setup("--yes", "--json");
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      schema: 1,
      cluster: "hyades",
      written: true,
      files: [{ path: join(machine.home, ".ssh/config") }],
    });
  });
});

// The last: it takes the keyserver away.
test("the keyserver is down: who has a certificate works on, who has none hears it at once", async () => {
  const machine = await ready(ADMIN);
  expect((await machine.run("ssh", [`root@${HOST}`, "true"], REASON)).code).toBe(0);
  const other = await ready("alice@EXAMPLE.EDU");
  await site.people.cluster.stop();
  const works = await machine.run("ssh", [`root@${HOST}`, "id -un"]);
  expect(works).toEqual({ code: 0, stdout: "root\n", stderr: "" });
  const begun = performance.now();
  const outcome = await other.keyreq(["ssh", "--ensure", "--login", "alice", "--quiet"]);
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(outcome.code).toBe(4);
  const again = await other.keyreq(["ssh", "--ensure", "--login", "alice", "--quiet"]);
  expect(again).toEqual({ code: 4, stdout: "", stderr: "" });
});
