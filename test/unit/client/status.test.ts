import { expect, test } from "vitest";
import { statusCommand } from "../../../client/commands/status.ts";
import { createOutput } from "../../../client/terminal/output.ts";
import { makeNode, type JoinedNode } from "./joined-node.ts";

const check = async ({ deps }: JoinedNode) => {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const options = { json: false, quiet: false, verbose: false, color: false };
  const output = createOutput(options, { stdout: stream, stderr: stream });
  const exit = await statusCommand(deps, output, undefined, { check: true });
  return { exit, said: said.join("") };
};

test("status --check is content while certificates are good, also when nobody answers for a while", async () => {
  const node = await makeNode();
  await node.run();
  expect(await check(node)).toMatchObject({ exit: 0 });
  node.keyserver.fault.down = true;
  await node.run({ asked: new Set(["web"]) });
  expect(await check(node)).toMatchObject({ exit: 0 });
});

test("status --check tells of a server that refuses this node, while every certificate is good", async () => {
  const node = await makeNode();
  await node.run();
  node.keyserver.fault.whole = "auth.suspended";
  await node.run({ asked: new Set(["web"]) });
  const { exit, said } = await check(node);
  expect([exit, said]).toEqual([
    5,
    "the keyserver refuses this node since 2026-06-01T12:00:00Z: The node is suspended\n",
  ]);
  node.keyserver.fault.whole = undefined;
  await node.run({ asked: new Set(["web"]) });
  expect(await check(node)).toMatchObject({ exit: 0 });
});
