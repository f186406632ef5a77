import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findIdle } from "../../../client/agent/idle.ts";
import { makeNode } from "./joined-node.ts";

test("what a recipe needs is waited for without a question, and seen at the next tick when it comes", async () => {
  const node = await makeNode();
  const recipe = "grant: web\nfiles: { key: /etc/web/key, certificate: /etc/web/crt }\n";
  const needs = join(node.root, "etc/web/ready");
  writeFileSync(
    join(node.root, "etc/keysystem/recipes/web.yaml"),
    `${recipe}needs: /etc/web/ready\n`,
  );
  expect((await node.run()).renewed.map(({ grant }) => grant)).toEqual(["ssh-host", "api"]);
  expect(findIdle(node.deps.paths, node.deps.now())).toMatchObject({ exit: 0 });
  mkdirSync(join(node.root, "etc/web"), { recursive: true });
  writeFileSync(needs, "");
  expect(findIdle(node.deps.paths, node.deps.now())).toBe(undefined);
  expect((await node.run()).renewed.map(({ grant }) => grant)).toEqual(["web"]);
  expect(findIdle(node.deps.paths, node.deps.now())).toMatchObject({ exit: 0 });
});
