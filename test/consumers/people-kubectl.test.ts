import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peoplePolicy, startPeopleCluster, type PeopleCluster } from "../harness/people.ts";
import { canRun } from "./installed-programs.ts";
import { startKubernetesApi, type KubernetesApi } from "./kubernetes-api.ts";
import { makeDesk, type Desk } from "./people-desk.ts";
import { listIssued } from "./people-records.ts";

/** kubectl with the kubeconfig that setup wrote, and an API that says whom it saw. */

const isPossible = canRun(["kubectl", "unshare", "setpriv", "script"]);

const POLICY = peoplePolicy({
  // keyclient asks from 127.0.0.1
  replace: [["address: 127.0.1.11 }", "address: 127.0.0.1 }"]],
});
const MANIFEST = `apiVersion: v1\nkind: Namespace\nmetadata: { name: made }\n`;

let people: PeopleCluster;
let api: KubernetesApi;

async function deskOf(principal: string): Promise<Desk> {
  const desk = makeDesk(people, "somebody");
  await desk.kinit(principal);
  await desk.setup("--kubernetes", api.url);
  return desk;
}

/** Users and groups that the API saw while something was done. */
async function seenWhile(work: () => Promise<unknown>): Promise<readonly string[]> {
  const since = api.asked.length;
  await work();
  const callers = api.asked.slice(since).map(({ user, groups }) => `${user} in ${groups.join()}`);
  return [...new Set(callers)];
}

const GET = ["get", "namespaces"] as const;

describe.skipIf(!isPossible)("people and kubectl", () => {
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
  }, 240_000);
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await people?.[Symbol.asyncDispose]();
  }, 60_000);

  describe("a user", () => {
    let alice: Desk;
    beforeAll(async () => {
      alice = await deskOf("alice@EXAMPLE.EDU");
    });

    test("types kubectl, and is who the policy says; CN and O", async () => {
      const seen = await seenWhile(async () => {
        const outcome = await alice.run("kubectl", GET);
        expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining("hello") });
        expect(outcome.stderr).toMatch(/^keyreq: ✓ kube-user, 1[12] h.*\n$/);
      });
      expect(seen).toEqual(["user:alice in cluster-users"]);
    });

    test("the next commands use what is kept, and say nothing", async () => {
      const seen = await seenWhile(async () => {
        for (let round = 0; round < 2; round += 1) {
          expect(await alice.run("kubectl", GET)).toMatchObject({ code: 0, stderr: "" });
        }
      });
      expect(seen).toEqual(["user:alice in cluster-users"]);
      expect(await listIssued(people, "kube-user")).toHaveLength(1);
    });

    test("what is piped into kubectl arrives whole, also where the plugin gets a certificate first", async () => {
      expect(await alice.keyreq(["forget", "kube-user"])).toMatchObject({ code: 0 });
      const create = ["create", "--validate=false", "-f", "-"];
      const outcome = await alice.run("kubectl", create, { stdin: MANIFEST });
      expect(outcome).toMatchObject({ code: 0, stdout: "namespace/made created\n" });
      const { method, body } = api.asked.at(-1) ?? {};
      expect(method).toBe("POST");
      expect(JSON.parse(body ?? "")).toMatchObject({ metadata: { name: "made" } });
      expect(await listIssued(people, "kube-user")).toHaveLength(2);
    });

    test("an API that refuses everything costs no certificates", async () => {
      api.refuse(true);
      try {
        const { code, stderr } = await alice.run("kubectl", GET);
        expect(code).toBe(1);
        expect(stderr).toContain("Unauthorized");
      } finally {
        api.refuse(false);
      }
      expect(await listIssued(people, "kube-user")).toHaveLength(2);
    });

    test("is no admin, also by keyreq kube", async () => {
      const named = ["kube", "--grant", "kube-admin", "--reason", "x", "--", "kubectl", ...GET];
      const seen = await seenWhile(async () => {
        expect(await alice.keyreq(named)).toMatchObject({ code: 3, stdout: "" });
      });
      expect(seen).toEqual([]);
    });
  });

  test.for(["carol@EXAMPLE.EDU", "alice@OTHER.REALM"])(
    "%s is refused: kubectl ends with 1 and shows why and what to type",
    async (principal) => {
      const desk = await deskOf(principal);
      const seen = await seenWhile(async () => {
        const { code, stdout, stderr } = await desk.run("kubectl", GET);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(/^keyreq: error: denied: .*\nkeyreq: hint: .*keyreq grants/);
        expect(stderr).toContain("failed with exit code 3");
      });
      expect(seen).toEqual([]);
    },
  );

  describe("an admin", () => {
    let cela: Desk;
    beforeAll(async () => {
      cela = await deskOf("cela/root@EXAMPLE.EDU");
    });

    test("without a terminal and without a reason is refused, and told how to give one", async () => {
      const { code, stderr } = await cela.run("kubectl", GET);
      expect(code).toBe(1);
      expect(stderr).toMatch(/kube-admin needs a reason.*\n.*KEYREQ_REASON=TEXT/);
      expect(await listIssued(people, "kube-admin")).toEqual([]);
    });

    test("is asked for the reason by kubectl's plugin, once, and is an admin then", async () => {
      const seen = await seenWhile(async () => {
        const { code, screen } = await cela.onTerminal(`kubectl ${GET.join(" ")}`, [
          { question: "(logged): ", answer: "the scheduler is stuck" },
        ]);
        expect(screen).toMatch(/^hello /m);
        expect(code).toBe(0);
        expect(await cela.run("kubectl", GET)).toMatchObject({ code: 0, stderr: "" });
      });
      expect(seen).toEqual(["root:cela in system:masters"]);
      const reasons = (await listIssued(people, "kube-admin")).map(({ reason }) => reason);
      expect(reasons).toEqual(["the scheduler is stuck"]);
    });
  });

  test("a server with a certificate of another authority is not believed, and sees none", async () => {
    const alice = await deskOf("alice@EXAMPLE.EDU");
    const at = (file: string): string => join(people.cluster.nodeRoot("m1"), "etc", file);
    await using foreign = await startKubernetesApi({
      certificate: at("etcd/pki/server.crt"),
      key: at("etcd/pki/server.key"),
      anchors: at("kubernetes/pki/ca.crt"),
    });
    const { code, stderr } = await alice.run("kubectl", [`--server=${foreign.url}`, ...GET]);
    expect(code).toBe(1);
    expect(stderr).toContain("certificate signed by unknown authority");
    expect(foreign.asked).toEqual([]);
  });
});
