import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHECKOUT } from "../harness/source-tree.ts";
import { startCluster } from "../harness/cluster.ts";

const NODES = /nodes: # only a machine[^]*?(?=grants:)/;

/** The quickstart's policy with its nodes in a file of their own. */
function splitPolicy(): { readonly policy: string; readonly inventory: string } {
  const whole = readFileSync(join(CHECKOUT, "test/quickstart.policy.yaml"), "utf8");
  const inventory = NODES.exec(whole)?.[0] ?? "";
  return { policy: whole.replace(NODES, "include: inventory.yaml\n\n"), inventory };
}

test("a policy with an included inventory is applied with it, and an edit of the inventory counts", async () => {
  const { policy, inventory } = splitPolicy();
  await using cluster = await startCluster();
  const etc = join(cluster.root, "etc/keysystem");
  writeFileSync(join(etc, "policy.yaml"), policy);
  writeFileSync(join(etc, "inventory.yaml"), inventory);

  expect((await cluster.keyserver(["status", "--check"])).code).toBe(5);
  expect(await cluster.keyserver(["policy", "apply", "--yes"])).toMatchObject({ code: 0 });
  expect((await cluster.keyserver(["status", "--check"])).code).toBe(0);
  await cluster.join("m1");

  const more = `${inventory.trimEnd()}\n  w2: { roles: [worker], address: 127.0.0.3 }\n`;
  writeFileSync(join(etc, "inventory.yaml"), more);
  expect((await cluster.keyserver(["node", "admit", "w2"])).code).not.toBe(0);
  expect(await cluster.keyserver(["policy", "apply", "--yes"])).toMatchObject({ code: 0 });
  expect((await cluster.keyserver(["node", "admit", "w2"])).code).toBe(0);

  await cluster.stop();
  await cluster.start();
  expect((await cluster.keyserver(["status", "--check"])).code).toBe(0);
});
