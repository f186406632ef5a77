import { X509Certificate } from "node:crypto";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { parseCertificatePem } from "../../../keys/formats/certificate.ts";
import { readProfile } from "../../../keys/formats/certificate-profile.ts";
import { describeAuthority } from "../../../keys/signer/authority.ts";
import {
  createAuthority,
  loadAuthorities,
  type NewAuthority,
} from "../../../keys/signer/authority-files.ts";
import { NOW, SECRET } from "./policy-fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "authorities-"));
afterAll(() => rmSync(folder, { recursive: true }));

let directory = "";
let count = 0;
beforeEach(() => {
  count += 1;
  directory = join(folder, String(count));
});

const create = (more: Partial<NewAuthority> = {}) =>
  createAuthority({
    directory,
    cluster: "hyades",
    name: "nodes",
    kind: "tls",
    keyKind: "ecdsa-p256",
    secret: SECRET,
    now: NOW,
    ...more,
  });
const load = (secret = SECRET): ReturnType<typeof loadAuthorities> =>
  loadAuthorities(directory, secret);

test.for(["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"] as const)(
  "a TLS authority of %s",
  async (keyKind) => {
    const made = await create({ keyKind });
    const pem = readFileSync(join(directory, "nodes.crt"), "utf8");
    const certificate = parseCertificatePem(pem);
    expect(readProfile(certificate)).toMatchObject({
      cn: "hyades nodes",
      ca: true,
      keyUsage: ["keyCertSign", "cRLSign"],
    });
    expect(certificate).toMatchObject({
      notBefore: NOW - 3600,
      notAfter: Date.parse("2036-11-20T11:00:00Z") / 1000,
    });
    expect(certificate.serial).toMatch(/^[4-7]/);
    expect(new X509Certificate(pem).checkIssued(new X509Certificate(pem))).toBe(true);
    const loaded = load().get("nodes");
    expect(loaded && describeAuthority(loaded)).toEqual(describeAuthority(made));
    expect(describeAuthority(made)).toMatchObject({ key: keyKind, anchor: pem });
  },
);

test.for([
  ["ssh-host", "ed25519", "ssh-ed25519"],
  ["ssh-user", "ecdsa-p256", "ecdsa-sha2-nistp256"],
] as const)("an authority for %s of %s", async ([kind, keyKind, type]) => {
  await create({ name: kind, kind, keyKind });
  const loaded = load().get(kind);
  expect(loaded?.kind).toBe(kind);
  expect(loaded && describeAuthority(loaded).anchor).toMatch(
    new RegExp(`^${type} [A-Za-z0-9+/=]+$`),
  );
});

test("keys rest sealed, readable by the owner alone", async () => {
  await create();
  const path = join(directory, "nodes.key");
  const pem = readFileSync(path, "utf8");
  expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory).sort()).toEqual(["nodes.crt", "nodes.key"]);
});

describe("refuses", () => {
  test("to make one over another", async () => {
    await create();
    const before = readFileSync(join(directory, "nodes.key"));
    await expect(create()).rejects.toMatchObject({ code: "authority.exists" });
    await expect(create({ kind: "ssh-host", keyKind: "ed25519" })).rejects.toMatchObject({
      code: "authority.exists",
    });
    expect(readFileSync(join(directory, "nodes.key"))).toEqual(before);
  });

  test.for(["", "..", "a/b", "../nodes", "Nodes", "a b", "-x", "x".repeat(64)])(
    "the name %j",
    async (name) => expect(create({ name })).rejects.toThrow("name of an authority"),
  );

  test.for(["ecdsa-p384", "rsa-3072"] as const)("an SSH authority of %s", async (keyKind) =>
    expect(create({ kind: "ssh-host", keyKind })).rejects.toThrow("SSH authorities"),
  );

  test("an empty secret", async () => {
    await expect(create({ secret: Buffer.alloc(0) })).rejects.toMatchObject({ code: "seal.wrong" });
  });

  test("the wrong secret, naming the file", async () => {
    await create();
    expect(() => load(Buffer.from("wrong wrong wrong wrong"))).toThrow(
      expect.objectContaining({
        code: "seal.wrong",
        message: expect.stringContaining("nodes.key"),
      }),
    );
  });

  test("a key that is not sealed", async () => {
    const { privateKey } = await create();
    writeFileSync(
      join(directory, "nodes.key"),
      privateKey.export({ type: "pkcs8", format: "pem" }),
    );
    expect(() => load()).toThrow("not an encrypted PKCS#8 key");
  });

  test("a folder that is empty or missing", () => expect(() => load()).toThrow(directory));

  test("another authority's certificate beside a key", async () => {
    await create();
    await create({ name: "other" });
    copyFileSync(join(directory, "other.crt"), join(directory, "nodes.crt"));
    expect(() => load()).toThrow("nodes.crt is not the anchor of the key beside it");
  });

  test("a certificate that was changed", async () => {
    await create();
    const path = join(directory, "nodes.crt");
    const changed = readFileSync(path, "utf8").replace(/(.)(.)(.{20}\n-----END)/, "$2$1$3");
    writeFileSync(path, changed);
    expect(() => load()).toThrow(expect.objectContaining({ code: "authority.damaged" }));
  });

  test("another public key beside a key, or none", async () => {
    await create({ name: "ssh-host", kind: "ssh-host", keyKind: "ed25519" });
    await create({ name: "ssh-user", kind: "ssh-user", keyKind: "ed25519" });
    copyFileSync(join(directory, "ssh-user.pub"), join(directory, "ssh-host.pub"));
    expect(() => load()).toThrow("ssh-host.pub is not the public half");
    rmSync(join(directory, "ssh-host.pub"));
    expect(() => load()).toThrow(expect.objectContaining({ code: "authority.damaged" }));
  });

  test("a TLS authority's key in place of one for SSH", async () => {
    await create({ name: "ssh-host", kind: "ssh-host", keyKind: "ed25519" });
    await create({ name: "other", keyKind: "ecdsa-p384" });
    copyFileSync(join(directory, "other.key"), join(directory, "ssh-host.key"));
    expect(() => load()).toThrow("a key of ecdsa-p384 signs no SSH certificates");
  });

  test("a public half whose key is gone", async () => {
    await create();
    await create({ name: "other" });
    rmSync(join(directory, "nodes.key"));
    expect(() => load()).toThrow("nodes.crt has no key beside it");
  });
});
