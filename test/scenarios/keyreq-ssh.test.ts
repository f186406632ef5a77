import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOk } from "../harness/command.ts";
import { startDaemon } from "../harness/process.ts";
import { waitFor } from "../harness/wait.ts";
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
const held = async (machine: Machine): Promise<string> =>
  (await machine.run("ssh-add", ["-L"])).stdout;

/** An ordinary key of the person's, as there was before. */
async function addOrdinaryKey({ home }: Machine): Promise<void> {
  const file = join(home, ".ssh/id_ed25519");
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  writeFileSync(join(site.folder, "authorized_keys"), readFileSync(`${file}.pub`));
  // ssh finds it where the account's home is; here it is said.
  const config = join(home, ".ssh/config");
  writeFileSync(config, `IdentityFile ${file}\n${readFileSync(config, "utf8")}`);
}

describe("an admin with a ticket", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await ready(ADMIN);
  }, 120_000);

  test("types ssh root@m2 and is in; the reason is asked for, and one line says what came", async () => {
    const first = await machine.run("ssh", [`root@${HOST}`, "id -un"], REASON);
    expect(first).toMatchObject({ code: 0, stdout: "root\n" });
    expect(first.stderr).toMatch(
      /^keyreq: ✓ ssh-root, 4 h, usable from .*; in agent until \d\d:\d\d\n$/,
    );
    expect(site.log()).toMatch(
      /Accepted publickey for root .*ED25519-CERT .*cela\/root@EXAMPLE.EDU/,
    );
  });

  test("the second time nothing is asked, and Node is not started", async () => {
    const before = await held(machine);
    // A keyreq that cannot be started would be noticed.
    const again = await machine.run("ssh", [`root@${HOST}`, "id -un"], {
      KRB5CCNAME: "FILE:/nowhere",
    });
    expect(again).toEqual({ code: 0, stdout: "root\n", stderr: "" });
    expect(await held(machine)).toBe(before);
    expect(before.trim().split("\n")).toHaveLength(1);
  });

  test.for([
    { what: "a short name", file: "ssh", args: ["-o", `HostName=${HOST}`, "root@m2", "id -un"] },
    {
      what: "IdentitiesOnly",
      file: "ssh",
      args: ["-o", "IdentitiesOnly=yes", `root@${HOST}`, "id -un"],
    },
    { what: "another port", file: "ssh", args: ["-p", "4711", `root@${HOST}`, "id -un"] },
    { what: "User in the configuration", file: "ssh", args: ["-o", "User=root", HOST, "id -un"] },
  ] as const)("$what works too", async ({ file, args }) => {
    const outcome = await machine.run(file, args);
    expect(outcome).toMatchObject({ ...SUCCESS, stdout: "root\n" });
  });

  test("scp, sftp, git and a shared connection work", async () => {
    const { home, run } = machine;
    const config = join(home, ".ssh/config");
    const from = join(home, "from");
    writeFileSync(from, "hello\n");
    expect(await run("scp", ["-q", "-F", config, from, `root@${HOST}:${home}/to`])).toMatchObject(
      SUCCESS,
    );
    expect(readFileSync(join(home, "to"), "utf8")).toBe("hello\n");
    const batch = join(home, "batch");
    writeFileSync(batch, `get ${home}/to ${home}/back\n`);
    expect((await run("sftp", ["-q", "-F", config, "-b", batch, `root@${HOST}`])).code).toBe(0);
    expect(existsSync(join(home, "back"))).toBe(true);
    await runOk("git", ["init", "-q", "--bare", join(home, "r.git")]);
    expect(await run("git", ["ls-remote", `root@${HOST}:${home}/r.git`])).toMatchObject(SUCCESS);
    const shared = ["-o", `ControlPath=${home}/c`, `root@${HOST}`];
    const master = ["-o", "ControlMaster=yes", "-o", "ControlPersist=20", ...shared, "true"];
    expect(await run("ssh", master)).toMatchObject({ code: 0 });
    expect(await run("ssh", [...shared, "id -un"])).toMatchObject({ ...SUCCESS, stdout: "root\n" });
    await run("ssh", ["-O", "exit", ...shared]);
  });

  test("the certificate is good from where the policy says, and from nowhere else", async () => {
    const outcome = await machine.run("ssh", [`root@${HOST}`, "id"], { FROM: "127.0.2.1" });
    expect(outcome).toMatchObject({ code: 255, stdout: "" });
    expect(site.log()).toContain("not from a permitted source address");
  });

  test("a host that shows no certificate of the cluster is not believed", async () => {
    const known = join(dataOf(machine), "hyades/known_hosts");
    const text = readFileSync(known, "utf8");
    writeFileSync(known, "");
    const outcome = await machine.run("ssh", [`root@${HOST}`, "id"]);
    writeFileSync(known, text);
    expect(outcome).toMatchObject({ code: 255, stdout: "" });
    expect(outcome.stderr).toContain("Host key verification failed");
  });

  test("keyreq ssh m2 finds the machine, and passes arguments, exit code and account on", async () => {
    const outcome = await machine.keyreq(["ssh", "--as", "root", "m2", "-q", "id -un; exit 7"]);
    expect(outcome).toEqual({ code: 7, stdout: "root\n", stderr: "" });
    const own = await machine.keyreq(["ssh", "root@m2", "echo", "--json", "a  b"]);
    expect(own).toMatchObject({ ...SUCCESS, stdout: "--json a b\n" });
    expect(await machine.keyreq(["ssh", "--", "-oProxyCommand=touch x", "m2"])).toMatchObject({
      code: 2,
    });
  });

  test("an agent that was emptied: ssh goes on quietly, and keyreq ssh puts it back", async () => {
    await machine.run("ssh-add", ["-D"]);
    const without = await machine.run("ssh", [`root@${HOST}`, "id -un"]);
    expect(without.code).toBe(255);
    expect(without.stderr).toMatch(
      /^no such identity: \S+key-cert: No such file or directory\r?\n.*Permission denied/,
    );
    const back = await machine.keyreq(["ssh", "--as", "root", "--reason", "again"]);
    expect(back).toMatchObject(SUCCESS);
    expect(back.stdout).toMatch(/^ ✓ ssh-root +4 h, usable from/);
    expect(await machine.run("ssh", [`root@${HOST}`, "id -un"])).toMatchObject({
      ...SUCCESS,
      stdout: "root\n",
    });
  });

  test("an agent that was started anew is noticed", async () => {
    const socket = machine.env["SSH_AUTH_SOCK"] ?? "";
    await machine.agent.kill();
    rmSync(socket, { force: true });
    const agent = startDaemon("ssh-agent", ["-D", "-a", socket], {
      log: join(machine.home, "agent.log"),
    });
    try {
      await waitFor("the agent listens", () => existsSync(socket));
      const outcome = await machine.run("ssh", [`root@${HOST}`, "id -un"], REASON);
      expect(outcome).toMatchObject({ code: 0, stdout: "root\n" });
      expect(await held(machine)).toContain("keysystem hyades ssh-root");
    } finally {
      await agent.kill();
    }
  });

  test("without an agent the key is in a file of mode 0600, and works", async () => {
    const alone = { SSH_AUTH_SOCK: "", ...REASON };
    const outcome = await machine.run("ssh", [`root@${HOST}`, "id -un"], alone);
    expect(outcome).toMatchObject({ code: 0, stdout: "root\n" });
    expect(outcome.stderr).toContain("key in a file until");
    const key = join(dataOf(machine), "hyades/credentials/ssh-root/key");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const again = await machine.run("ssh", [`root@${HOST}`, "id -un"], { SSH_AUTH_SOCK: "" });
    expect(again).toEqual({ code: 0, stdout: "root\n", stderr: "" });
  });

  test("forget takes it away; ssh asks for a new one then", async () => {
    expect(await machine.keyreq(["forget"])).toMatchObject({ code: 0 });
    expect(existsSync(join(dataOf(machine), "hyades/credentials/ssh-root"))).toBe(false);
    const outcome = await machine.run("ssh", [`root@${HOST}`, "id"]);
    expect(outcome.code).toBe(255);
    expect(outcome.stderr).toContain("ssh-root needs a reason, which is logged");
  });
});

test("many connections at once: one certificate", async () => {
  const machine = await ready(ADMIN);
  const outcomes = await Promise.all(
    Array.from({ length: 5 }, () => machine.run("ssh", [`root@${HOST}`, "id -un"], REASON)),
  );
  expect(outcomes.map(({ code, stdout }) => `${code} ${stdout}`)).toEqual(
    outcomes.map(() => "0 root\n"),
  );
  expect(outcomes.filter(({ stderr }) => stderr.includes("✓ ssh-root"))).toHaveLength(1);
  expect((await held(machine)).trim().split("\n")).toHaveLength(1);
});

test("a certificate of some minutes is not renewed at each login", async () => {
  const machine = await ready(ADMIN);
  const short = ["ssh", "--as", "root", "--lifetime", "5m", "--reason", "short"];
  expect(await machine.keyreq(short)).toMatchObject(SUCCESS);
  const before = await held(machine);
  expect(await machine.run("ssh", [`root@${HOST}`, "id -un"])).toMatchObject({
    ...SUCCESS,
    stdout: "root\n",
  });
  expect(await held(machine)).toBe(before);
});

test("the wrong instance: who would be let in, and kinit is enough", async () => {
  const machine = await ready("cela@EXAMPLE.EDU");
  await addOrdinaryKey(machine);
  const denied = await machine.run("ssh", [`root@${HOST}`, "id -un"]);
  // The ordinary key lets root in here all the same.
  expect(denied).toMatchObject({ code: 0, stdout: "root\n" });
  expect(denied.stderr).toBe(
    "keyreq: error: denied: cela@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU is\n" +
      "keyreq: hint: kinit cela/root\n",
  );
  const fresh = ["ssh", "--ensure", "--login", "root", "--quiet"];
  expect(await machine.keyreq(fresh)).toEqual({ code: 3, stdout: "", stderr: "" });
  writeFileSync(join(site.folder, "authorized_keys"), "");
  await machine.kinit(ADMIN);
  const outcome = await machine.run("ssh", [`root@${HOST}`, "id -un"], REASON);
  expect(outcome).toMatchObject({ code: 0, stdout: "root\n" });
});

test("an ordinary user is himself, under the account that sshd has for him, and not root", async () => {
  const machine = await ready("alice@EXAMPLE.EDU");
  const batch = join(machine.home, "batch");
  writeFileSync(batch, "ls /\n");
  const sftp = ["-q", "-F", join(machine.home, ".ssh/config"), "-b", batch, "db"];
  expect(await machine.run("sftp", sftp)).toMatchObject(SUCCESS);
  expect(site.log()).toMatch(/Accepted publickey for games .*ID .*alice@EXAMPLE.EDU/);
  expect(await held(machine)).toContain("keysystem hyades ssh-login");
  const root = await machine.run("ssh", [`root@${HOST}`, "id"]);
  expect(root).toMatchObject({ code: 255, stdout: "" });
  expect(root.stderr).toContain("denied: alice@EXAMPLE.EDU is not in root-admins");
  expect(await machine.run("sftp", sftp)).toMatchObject(SUCCESS);
});

test("a jump over one machine to another: each login has its certificate", async () => {
  const machine = await ready("alice@EXAMPLE.EDU");
  const way = `ProxyCommand=ssh -W 127.0.0.1:${site.port} games@m1.hyades.example.edu`;
  const batch = join(machine.home, "batch");
  writeFileSync(batch, "ls /\n");
  const config = join(machine.home, ".ssh/config");
  const outcome = await machine.run("sftp", ["-q", "-F", config, "-o", way, "-b", batch, "db"]);
  expect(outcome).toMatchObject(SUCCESS);
  const asked = await machine.run("ssh", ["-G", "-J", "games@m1.hyades.example.edu", "db"]);
  expect(asked.stdout).toMatch(/^identityfile .*ssh-login\/key-cert$/m);
});

test("a chosen principal is asked for where the login is one", async () => {
  const machine = await ready("bob@EXAMPLE.EDU");
  const outcome = await machine.keyreq(["ssh", "--as", "ceph-ops", "--json"]);
  expect(outcome.code).toBe(0);
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    schema: 1,
    grant: "ssh-oncall",
    principals: ["bob", "ceph-ops"],
    keyIn: "agent",
  });
});

test("no ticket: said in a line, and ordinary keys go on working", async () => {
  const machine = await ready(ADMIN);
  await addOrdinaryKey(machine);
  const outcome = await machine.run("ssh", [`root@${HOST}`, "id -un"], {
    KRB5CCNAME: "FILE:/nowhere/at/all",
  });
  writeFileSync(join(site.folder, "authorized_keys"), "");
  expect(outcome).toMatchObject({ code: 0, stdout: "root\n" });
  expect(outcome.stderr).toContain("keyreq: hint: kinit");
});

test("a login with a quote in it reaches no shell", async () => {
  const machine = await ready(ADMIN);
  const config = join(machine.home, ".ssh/config");
  const text = readFileSync(config, "utf8");
  const trap = join(machine.home, "trap");
  writeFileSync(
    config,
    `Host trap\n  HostName ${HOST}\n  User "x';touch\${IFS}${trap};'"\n${text}`,
  );
  await machine.run("ssh", ["trap", "id"]);
  expect(existsSync(trap)).toBe(false);
});
