import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "node:https";
import { describe, expect, onTestFinished, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import { createFakeClock, type FakeClock } from "../harness/clock.ts";
import { type Cluster, createCluster } from "../harness/cluster.ts";
import { CHECKOUT } from "../harness/source-tree.ts";
import {
  askHttps,
  type Identity,
  joinByHand,
  keptConnection,
  makeRequest,
} from "../harness/test-node.ts";

const PLAIN = readFileSync(join(CHECKOUT, "test/quickstart.policy.yaml"), "utf8");
const IDENTITY = "issue: nodes, usage: client, cn: <node>";
/** Identities last for forty days; a week later it is over. */
const RECOVERING = PLAIN.replace(IDENTITY, `${IDENTITY}, recover: { within: 7d, times: 2 }`);

type Site = { readonly cluster: Cluster; readonly clock: FakeClock };

/** A cluster under a clock of its own, which keyclient goes by too. */
async function startSite(policy: string): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "recover-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = createFakeClock(join(folder, "clock"));
  const cluster = await createCluster({ policy, env: clock.env });
  onTestFinished(() => cluster.dispose());
  await cluster.start(clock.env);
  return { cluster, clock };
}

/** keyserver is off meanwhile: at its start it renews its own certificate. */
async function moveOn({ cluster, clock }: Site, offset: string): Promise<void> {
  await cluster.stop();
  clock.set(offset);
  await cluster.start(clock.env);
}

const once = ({ cluster }: Site) => cluster.keyclient("m1", ["once"], { timeout: 60 });

describe("a machine that was off for longer than its identity lasts", () => {
  test("15: comes back by itself as often as the policy lets it, then by a join string", async () => {
    const site = await startSite(RECOVERING);
    const { cluster } = site;
    await cluster.join("m1");
    for (const offset of ["+42d", "+84d"]) {
      await moveOn(site, offset);
      const { code, stdout, stderr } = await once(site);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/✓ node-identity renewed \(expired\), serial [0-9a-f]{40}/);
    }
    await moveOn(site, "+126d");
    const refused = await once(site);
    expect([refused.code, refused.stdout]).toEqual([5, ""]);
    expect(refused.stderr).toMatch(
      /^keyclient: error: node-identity expired 2 d ago; .* m1 has come back 2 times since it joined/m,
    );
    expect(refused.stderr).toContain(
      "keyserver node admit m1      then here:  keyclient join STRING",
    );
    // What the hint says, helps.
    await cluster.join("m1");
    expect((await once(site)).code).toBe(0);
  }, 240_000);

  test.for([
    {
      name: "too late",
      policy: RECOVERING,
      offset: "+48d",
      why: "longer ago than the 7d within which grant node-identity",
    },
    {
      name: "where the policy says nothing",
      policy: PLAIN,
      offset: "+42d",
      why: "join again with a new join string",
    },
  ])(
    "15: $name is told which command helps, and it does",
    { timeout: 240_000 },
    async ({ policy, offset, why }) => {
      const site = await startSite(policy);
      await site.cluster.join("m1");
      await moveOn(site, offset);
      const { code, stderr } = await once(site);
      expect([code, stderr]).toEqual([5, expect.stringContaining(why)]);
      expect(stderr).toContain("hint: on the master:  keyserver node admit m1");
      await site.cluster.join("m1");
      expect((await once(site)).code).toBe(0);
    },
  );
});

/** Somebody with an identity on a connection that was opened while it was good. */
async function openAs(
  { cluster }: Site,
  identity: Identity,
  from?: string,
): Promise<(path: string, grants?: readonly string[]) => Promise<string>> {
  const agent: Agent = keptConnection();
  onTestFinished(() => agent.destroy());
  const asking = { identity, agent, ...(from === undefined ? {} : { from }) };
  await askHttps(cluster, PATHS.grants, asking);
  return async (path, grants) => {
    const requests = grants?.map((grant) => ({ grant, csr: makeRequest().csr }));
    const body = requests === undefined ? {} : { body: { requests } };
    const { status, code } = await askHttps(cluster, path, { ...asking, ...body });
    return code === "" ? `${status}` : code;
  };
}

describe("an identity that has ended", () => {
  test("asks for a new one and for nothing else", async () => {
    const site = await startSite(RECOVERING);
    const ask = await openAs(site, await joinByHand(site.cluster, "m1"));
    site.clock.set("+41d");
    expect(await ask(PATHS.grants)).toBe("auth.expired");
    for (const grants of [
      ["web"],
      ["web", "node-identity"],
      ["node-identity", "web"],
      ["node-identity", "node-identity"],
      ["ssh-host"],
      ["no-such-grant"],
    ]) {
      expect([grants, await ask(PATHS.certificates, grants)]).toEqual([grants, "auth.expired"]);
    }
    expect(await ask(PATHS.certificates, ["node-identity"])).toBe("200");
    // A reply that was lost costs nothing: the same identity asks again, as often as it needs.
    for (let again = 0; again < 3; again += 1) {
      expect(await ask(PATHS.certificates, ["node-identity"])).toBe("200");
    }
    const log = await site.cluster.keyserver(["cert", "list", "--node", "m1", "--json"]);
    expect(log.stdout.match(/"grant": ?"node-identity"/g)?.length).toBe(5);
  });

  test("of a suspended or removed node, from elsewhere, or older than one that was used, asks in vain", async () => {
    const site = await startSite(RECOVERING);
    const { cluster, clock } = site;
    const old = await openAs(site, await joinByHand(cluster, "m1"));
    const identity = await joinByHand(cluster, "m1");
    const ask = await openAs(site, identity);
    const elsewhere = await openAs(site, identity, "127.0.0.9");
    clock.set("+41d");
    expect(await elsewhere(PATHS.certificates, ["node-identity"])).toBe("auth.address");
    expect(await old(PATHS.certificates, ["node-identity"])).toBe("auth.superseded");
    for (const [command, code] of [
      ["suspend", "auth.suspended"],
      ["resume", "200"],
      ["remove", "auth.suspended"],
    ] as const) {
      const done = await cluster.keyserver(["node", command, "m1"]);
      expect([done.code, done.stderr]).toEqual([0, ""]);
      expect(await ask(PATHS.certificates, ["node-identity"])).toBe(code);
    }
  });

  test("too long ago, or of a node without an address, asks in vain", async () => {
    const site = await startSite(
      RECOVERING.replace(
        "{ roles: [worker], address: 127.0.0.2 }",
        "{ roles: [worker] }",
      ).replaceAll(", <address>]", "]"),
    );
    const ask = await openAs(site, await joinByHand(site.cluster, "m1"));
    const anywhere = await openAs(site, await joinByHand(site.cluster, "w1"));
    site.clock.set("+41d");
    expect(await anywhere(PATHS.certificates, ["node-identity"])).toBe("auth.expired");
    site.clock.set("+48d");
    expect(await ask(PATHS.certificates, ["node-identity"])).toBe("auth.expired");
    site.clock.set("+46d");
    expect(await ask(PATHS.certificates, ["node-identity"])).toBe("200");
  });
});
