import { afterAll, describe, expect, test } from "vitest";
import { readPublicKey } from "../../../keys/formats/public-key.ts";
import { parseSshKeyBlob } from "../../../keys/formats/ssh-public-key.ts";
import { createSshMaker } from "../../../keys/signer/ssh-signature.ts";
import { createTlsMaker } from "../../../keys/signer/tls-signature.ts";
import type { SshContent, TlsContent } from "../../../policy/decision.ts";
import { makeKey } from "./key-fixtures.ts";
import { makeCluster, NOW, sshSerial, tlsSerial } from "./policy-fixtures.ts";

/**
 * A plan that says one thing when it is encoded and another when the certificate is compared with
 * it stands for any fault between the two. `encodings` is how often encoding reads the field.
 */
function changing<T extends object, Name extends keyof T>(
  content: T,
  name: Name,
  later: T[Name],
  encodings: number,
): T {
  let reads = 0;
  return new Proxy(content, {
    get(target, key, receiver) {
      if (key !== name) return Reflect.get(target, key, receiver);
      reads += 1;
      return reads > encodings ? later : target[name];
    },
  });
}
const { authorities, remove } = await makeCluster();
afterAll(remove);
const term = { lifetime: 100, backdate: 10, at: NOW };

describe("a TLS certificate that differs from its plan never leaves", () => {
  const key = readPublicKey(makeKey("ecdsa-p256").spki);
  const content: TlsContent = {
    kind: "tls",
    usage: ["client"],
    cn: "a",
    o: ["x"],
    dns: ["a.example"],
    ip: ["10.0.0.1"],
  };
  const make = (of: TlsContent): unknown => {
    const authority = authorities.get("etcd-server");
    if (authority?.kind !== "tls") throw new Error("no authority");
    const job = {
      ...term,
      content: of,
      authority,
      key,
      keyId: Buffer.alloc(20),
      serial: tlsSerial(),
    };
    return createTlsMaker()(job);
  };

  test("though one that does not differ does", () => expect(() => make(content)).not.toThrow());

  test.for<readonly [keyof TlsContent, TlsContent]>([
    ["usage", { ...content, usage: ["server", "client"] }],
    ["cn", { ...content, cn: "root" }],
    ["o", { ...content, o: ["x", "system:masters"] }],
    ["dns", { ...content, dns: ["b.example"] }],
    ["ip", { ...content, ip: [] }],
  ])("in %s", ([name, other]) => {
    expect(() => make(changing(content, name, other[name], 1))).toThrow("differs from its plan");
  });
});

describe("an SSH certificate that differs from its plan never leaves", () => {
  const key = parseSshKeyBlob(makeKey("ed25519").ssh);
  const content: SshContent = {
    kind: "ssh-host",
    keyId: "id",
    principals: ["a"],
    extensions: [],
    sourceAddress: [],
  };
  const make = (of: SshContent): unknown => {
    const authority = authorities.get("ssh-host");
    if (authority?.kind !== "ssh-host") throw new Error("no authority");
    return createSshMaker()({ ...term, content: of, authority, key, serial: sshSerial() });
  };

  test("though one that does not differ does", () => expect(() => make(content)).not.toThrow());

  test.for<readonly [keyof SshContent, SshContent, number]>([
    ["keyId", { ...content, keyId: "other" }, 2],
    ["principals", { ...content, principals: ["a", "root"] }, 3],
    ["extensions", { ...content, extensions: ["permit-pty"] }, 1],
    ["sourceAddress", { ...content, sourceAddress: ["10.0.0.0/8"] }, 1],
  ])("in %s", ([name, other, reads]) => {
    expect(() => make(changing(content, name, other[name], reads))).toThrow(
      "differs from its plan",
    );
  });
});
