import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFakeClock } from "../harness/clock.ts";
import { run, type Outcome } from "../harness/command.ts";
import { PASSWORDS } from "../harness/directory-entries.ts";
import { makeDesk, type Desk } from "../harness/keyreq.ts";
import { startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { waitFor } from "../harness/wait.ts";

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
