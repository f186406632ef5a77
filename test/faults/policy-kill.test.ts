import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Value } from "typebox/value";
import { hashPolicy, loadPolicy as loadAsSigner } from "../../keys/signer/policy-file.ts";
import { Status } from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { loadPolicy } from "../../server/daemon/policy-holder.ts";
import { run } from "../harness/command.ts";
import { withFault } from "../harness/fault.ts";
import { KEYSERVER } from "../harness/servers.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import { type ApplySite, EDITS, startSite } from "../scenarios/policy-apply-site.ts";

/** A policy and its inventory change together: wherever an apply is cut off, no pair of both ever stands. */

let site: ApplySite;
/** Two policies with their inventories: the file of each, and its hash. */
let pairs: readonly (readonly [file: string, hash: string])[] = [];

const NODES = /nodes: # only a machine[^]*?(?=grants:)/;

beforeAll(async () => {
  site = await startSite();
  const text = site.text();
  const inventory = NODES.exec(text)?.[0] ?? "";
  const policy = text.replace(NODES, "include: inventory.yaml\n\n");
  pairs = [
    ["one", policy, inventory] as const,
    [
      "two",
      policy.replace(EDITS.shorter[0], EDITS.shorter[1]),
      inventory.replace(EDITS.node[0], EDITS.node[1]),
    ] as const,
  ].map(([name, one, other]) => {
    const folder = join(site.cluster.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "policy.yaml"), one);
    writeFileSync(join(folder, "inventory.yaml"), other);
    return [join(folder, "policy.yaml"), hashPolicy(one, other)] as const;
  });
  expect(new Set(pairs.map(([, hash]) => hash)).size).toBe(2);
  expect(await site.policy("apply", "--yes", "--file", pairs[0]?.[0] ?? "")).toMatchObject({
    code: 0,
  });
});
afterAll(async () => {
  await site.cluster.dispose();
});

async function inForce(): Promise<string> {
  const socket = join(site.cluster.root, "run/keysystem/admin.sock");
  const { body } = await askOverSocket(socket, "GET", ADMIN_PATHS.status);
  return Value.Parse(Status, JSON.parse(body)).policy.hash;
}

test("killed at each rename of an apply of another file", async () => {
  const wanted = pairs.map(([, hash]) => hash);
  const seen = new Set<string>();
  let present = pairs[0]?.[1] ?? "";
  for (let at = 1; ; at += 1) {
    const [file, target] = pairs.find(([, hash]) => hash !== present) ?? ["", ""];
    const apply = ["policy", "apply", "--yes", "--file", file, "--root", site.cluster.root];
    const fault = { calls: ["rename"], at, effect: { signal: "KILL" } } as const;
    const [program = "", ...args] = withFault(fault, [KEYSERVER, ...apply]);
    const { code, stderr } = await run(program, args, { timeout: 120 });
    // What both would start with now.
    const applied = loadPolicy(site.applied).hash;
    expect(wanted, `rename ${at}`).toContain(applied);
    expect(loadAsSigner(site.applied).hash).toBe(applied);
    if (code === 0) {
      expect([applied, await inForce()]).toEqual([target, target]);
      break;
    }
    expect(code, stderr).toBe(128);
    seen.add(applied === target ? "after" : "before");
    // The next command, whatever it is, finds a policy.yaml that is one of both, and goes on from there.
    expect(await site.policy("apply", "--yes")).toMatchObject({ code: 0 });
    present = loadPolicy(site.file).hash;
    expect(wanted, `rename ${at}`).toContain(present);
    expect([loadPolicy(site.applied).hash, await inForce()]).toEqual([present, present]);
  }
  expect([...seen].sort()).toEqual(["after", "before"]);
  const left = readdirSync(dirname(site.applied)).filter((name) => !/^copy-|^history$/.test(name));
  expect(left).toEqual(["policy.yaml"]);
  await site.cluster.stop();
  await site.cluster.start();
  expect(await site.cluster.keyserver(["status", "--check"])).toMatchObject({ code: 0 });
}, 170_000);

test("a plain applied copy, as an installation from before has, is applied over and gone back to", async () => {
  const [one, hash] = pairs[0] ?? ["", ""];
  await site.cluster.stop();
  rmSync(site.applied);
  for (const name of ["policy.yaml", "inventory.yaml"])
    copyFileSync(join(dirname(one), name), join(dirname(site.applied), name));
  await site.cluster.start();
  expect(await inForce()).toBe(hash);
  const [other, next] = pairs[1] ?? ["", ""];
  expect(await site.policy("apply", "--yes", "--file", other)).toMatchObject({ code: 0 });
  expect([loadAsSigner(site.applied).hash, await inForce()]).toEqual([next, next]);
});
