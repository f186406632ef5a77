import { join } from "node:path";
import { Value } from "typebox/value";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TokenList } from "../../protocol/admin-messages.ts";
import { JoinResult } from "../../protocol/messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import {
  type HttpsAnswer,
  type KeyAndRequest,
  makeRequest,
  redeemJoin,
} from "../harness/test-node.ts";
import { askOverSocket } from "../harness/unix-request.ts";
import { type ApartCluster, restart, startApart } from "./authority-processes.ts";
import { expectSound } from "./authority-state.ts";
import { killAtEachCall } from "./kill-points.ts";
import { admitOverSocket } from "./requests.ts";

let cluster: ApartCluster;

beforeAll(async () => {
  cluster = await startApart();
});
afterAll(async () => {
  await cluster.dispose();
});

type Attempt = KeyAndRequest & { readonly joinString: string };

const attempt = async (): Promise<Attempt> => ({
  ...makeRequest(),
  joinString: await admitOverSocket(cluster, "m1"),
});

function serialIn({ status, body }: HttpsAnswer): string {
  expect([status, body]).toEqual([200, expect.any(String)]);
  return Value.Parse(JoinResult, JSON.parse(body)).identity.serial;
}

async function tokenStates(): Promise<readonly string[]> {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const { body } = await askOverSocket(socket, "GET", ADMIN_PATHS.tokens);
  return Value.Parse(TokenList, JSON.parse(body)).tokens.map(({ state }) => state);
}

test("1: keyserver killed at every call of a join: the same key gets in, and never a second", async () => {
  const acknowledged: string[] = [];
  let bound = 0;
  const stranger = async ({ joinString }: Attempt): Promise<void> => {
    const { csr } = makeRequest();
    expect((await redeemJoin(cluster, joinString, { csr })).code).toBe("join.spent");
  };
  const killed = await killAtEachCall({
    folder: cluster.folder,
    pid: () => cluster.current().pid,
    prepare: attempt,
    operate: async ({ joinString, csr }: Attempt) =>
      serialIn(await redeemJoin(cluster, joinString, { csr })),
    async afterKill(given, answer) {
      if (answer !== undefined) acknowledged.push(answer);
      await restart(cluster);
      expectSound(cluster, acknowledged);
      if ((await tokenStates()).includes("bound")) {
        bound++;
        await stranger(given);
      }
      const serial = serialIn(await redeemJoin(cluster, given.joinString, given));
      expect(serial).toBe(answer ?? serial);
      acknowledged.push(serial);
      await stranger(given);
      expectSound(cluster, acknowledged);
    },
  });
  expect(killed).toContain("pwrite64 9");
  expect(killed.some((point) => point.endsWith("sync 2"))).toBe(true);
  // Between intent and record the secret belongs to the first key already.
  expect(bound).toBeGreaterThan(0);
}, 170_000);
