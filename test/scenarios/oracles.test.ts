import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "typebox/value";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatRequest } from "../../keys/formats/certificate-request.ts";
import { IssuedToken } from "../../protocol/admin-messages.ts";
import { Grants, JoinResult } from "../../protocol/messages.ts";
import { ADMIN_PATHS, PATHS } from "../../protocol/paths.ts";
import { showSshCertificate } from "../harness/certificate-content.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { EXAMPLE_NODES, exampleOnLoopback, expectedGrants } from "../harness/example-policy.ts";
import { sshKey } from "../harness/hostile-request.ts";
import {
  askCertificates,
  askHttps,
  type Identity,
  makeRequest,
  redeemJoin,
} from "../harness/test-node.ts";
import { judgeTls } from "../harness/tls-judges.ts";
import { askOverSocket } from "../harness/unix-request.ts";

/** Every certificate that the example policy gives to a node, before judges that are not ours. */

let cluster: Cluster;
let sshLines: ReadonlyMap<string, string>;
const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 });

/** All kinds of key that an authority can have. */
const AUTHORITY_KEYS = [
  "kubernetes=rsa-3072",
  "etcd-server=ecdsa-p384",
  "etcd-client=ecdsa-p384",
  "front-proxy=ed25519",
  "ssh-host=ecdsa-p256",
];

beforeAll(async () => {
  const init = AUTHORITY_KEYS.flatMap((kind) => ["--authority-key", kind]);
  const names = { cluster: "hyades", domain: "hyades.example.edu" };
  cluster = await startCluster({ policy: exampleOnLoopback(), init, ...names });
  const made = async (
    kind: string,
    args: readonly string[],
  ): Promise<readonly [string, string]> => [kind, await sshKey(cluster.folder, kind, args)];
  sshLines = new Map([
    await made("ed25519", ["-t", "ed25519"]),
    await made("rsa-3072", ["-t", "rsa", "-b", "3072"]),
  ]);
});
afterAll(async () => {
  await cluster.dispose();
});

const anchorOf = (authority: string): string =>
  readFileSync(join(cluster.root, "var/lib/keysigner/authorities", `${authority}.crt`), "utf8");

async function joinNode(node: string, from: string): Promise<Identity> {
  const socket = join(cluster.root, "run/keysystem/admin.sock");
  const token = await askOverSocket(socket, "POST", ADMIN_PATHS.tokens, { node });
  const { joinString } = Value.Parse(IssuedToken, JSON.parse(token.body));
  const { key, csr } = makeRequest();
  const { body } = await redeemJoin(cluster, joinString, { csr, from });
  return { key, certificate: Value.Parse(JoinResult, JSON.parse(body)).identity.certificate };
}

function requestOf(kind: string): string {
  const { privateKey, publicKey } = pairOf(kind);
  const spki = publicKey.export({ format: "der", type: "spki" });
  const hash = kind === "ed25519" ? undefined : "sha256";
  return formatRequest(spki, (signed) => sign(hash, signed, privateKey));
}

function pairOf(kind: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  switch (kind) {
    case "ecdsa-p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ed25519":
      return generateKeyPairSync("ed25519");
    case "rsa-3072":
      return rsa;
    default:
      throw new TypeError(`no key of kind ${kind} is made here`);
  }
}

describe.each(EXAMPLE_NODES)("$node ($role)", ({ node, role, address }) => {
  const expected = expectedGrants(role, { node, address });

  test("gets exactly its grants, with every kind of key, and every judge accepts them", async () => {
    const identity = await joinNode(node, address);
    const asking = { identity, from: address };
    const { body } = await askHttps(cluster, PATHS.grants, asking);
    const { grants } = Value.Parse(Grants, JSON.parse(body));
    const offers = grants.filter(({ verb }) => verb === "issue");
    expect(offers.map(({ grant }) => grant).sort()).toEqual(Object.keys(expected).sort());

    for (const { grant, keys = [] } of offers) {
      const want = expected[grant];
      expect(keys.length).toBeGreaterThan(0);
      const asked = keys.map((kind) =>
        want?.kind === "ssh"
          ? { grant, publicKey: sshLines.get(kind) }
          : { grant, csr: requestOf(kind) },
      );
      for (const result of await askCertificates(cluster, asked, asking)) {
        if ("problem" in result) throw new Error(`${grant}: ${JSON.stringify(result.problem)}`);
        expect([grant, await judge(grant, result.certificate)]).toEqual([grant, []]);
      }
    }
  });

  async function judge(grant: string, certificate: string): Promise<readonly string[]> {
    const want = expected[grant];
    if (want === undefined) return ["is not expected"];
    if (want.kind === "tls") return judgeTls(certificate, anchorOf(want.authority), want);
    const shown = await showSshCertificate(certificate);
    expect(shown.principals).toEqual(want.principals);
    expect(shown.decided).toMatch(/Type: \S+ host certificate/);
    expect(shown.decided).toMatch(/Signing CA: ECDSA/);
    const life = Date.parse(`${shown.validTo}Z`) - Date.parse(`${shown.validFrom}Z`);
    return life / 1000 === 60 * 86_400 + 300 ? [] : [`is valid for ${life} ms`];
  }
});
