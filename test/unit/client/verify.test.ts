import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeKey, requestFor } from "../../../client/credential/make-key.ts";
import {
  formatSshPrivateKey,
  publicSshKey,
  readSshPublicPart,
  sshLine,
} from "../../../client/credential/ssh-private-key.ts";
import { verifySsh } from "../../../client/credential/verify-ssh.ts";
import { verifyTls } from "../../../client/credential/verify-tls.ts";
import { MADE_KEYS } from "../../../client/recipe/recipe.ts";
import { makeAuthority, makeSshAuthority, type SmallAuthority } from "./small-authority.ts";
import { makeRoot } from "./scratch.ts";

const NOW = 1_800_000_000;
const times = { notBefore: NOW - 300, notAfter: NOW + 86_399 };
const key = makeKey("ecdsa-p256");
const csr = requestFor(key);
const offer = {
  grant: "web",
  verb: "issue" as const,
  authority: "services",
  kind: "tls" as const,
  cn: "web",
  names: ["web.example", "10.0.0.1"],
  usage: ["server"],
};
const good = {
  cn: "web",
  dns: ["web.example"],
  ip: ["10.0.0.1"],
  usage: ["server"] as const,
  ...times,
};

describe("a TLS certificate", () => {
  let services: SmallAuthority;
  let other: SmallAuthority;
  beforeAll(async () => {
    services = await makeAuthority("c services", NOW);
    // the same name with another key
    other = await makeAuthority("c services", NOW);
  });
  const expectation = () => ({
    grant: "web",
    key,
    anchors: [services.anchor],
    offer,
    now: NOW * 1000,
  });

  test("of the right authority, key, names and time is taken", () => {
    const { certificate, serial } = services.sign(csr, good);
    expect(verifyTls(certificate, [], expectation()).serial).toBe(serial);
  });

  test.for([
    { name: "for another name", leaf: { ...good, cn: "root" }, says: /is for "root", not "web"/ },
    {
      name: "with one more name",
      leaf: { ...good, dns: ["web.example", "b.example"] },
      says: /other names/,
    },
    { name: "with one address less", leaf: { ...good, ip: [] }, says: /other names/ },
    {
      name: "for more usage",
      leaf: { ...good, usage: ["server", "client"] as const },
      says: /another usage/,
    },
    {
      name: "that begins in the future",
      leaf: { ...good, notBefore: NOW + 1 },
      says: /not valid before/,
    },
    { name: "that has ended", leaf: { ...good, notAfter: NOW }, says: /invalid since/ },
  ])("$name is refused", ({ leaf, says }) => {
    const { certificate } = services.sign(csr, leaf);
    expect(() => verifyTls(certificate, [], expectation())).toThrow(says);
  });

  test("for another key is refused", () => {
    const { certificate } = services.sign(requestFor(makeKey("ecdsa-p256")), good);
    expect(() => verifyTls(certificate, [], expectation())).toThrow(/another key/);
  });

  test("of an authority with the same name and another key is refused", () => {
    const { certificate } = other.sign(csr, good);
    expect(() => verifyTls(certificate, [], expectation())).toThrow(/not signed by the authority/);
    expect(() => verifyTls(certificate, [other.anchor], expectation())).toThrow(/not signed/);
  });

  test("without any anchor, or signed by a leaf, is refused", () => {
    const leaf = services.sign(csr, good).certificate;
    expect(() => verifyTls(leaf, [], { ...expectation(), anchors: [] })).toThrow(/not signed/);
    expect(() => verifyTls(leaf, [leaf], { ...expectation(), anchors: [leaf] })).toThrow(
      /not signed/,
    );
  });

  test.for(["", "garbage", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])(
    "that is %j is refused",
    (text) => {
      expect(() => verifyTls(text, [], expectation())).toThrow();
    },
  );
});

describe("an SSH host certificate", () => {
  const authority = makeSshAuthority();
  const host = publicSshKey(makeKey("ed25519"));
  const names = ["w1.example", "w1"];
  const sshOffer = { ...offer, kind: "ssh-host" as const, names };
  const expectation = {
    grant: "ssh-host",
    key: host,
    anchors: [authority.anchor],
    offer: sshOffer,
    now: NOW * 1000,
  };

  test("of the right authority, key and principals is taken", () => {
    const { certificate, serial } = authority.sign(sshLine(host), names, times);
    expect(verifySsh(certificate, expectation).serial).toBe(serial);
  });

  test.for([
    { name: "for other principals", principals: ["w2"], at: times, says: /other principals/ },
    {
      name: "with one principal more",
      principals: [...names, "w2"],
      at: times,
      says: /other principals/,
    },
    {
      name: "from the future",
      principals: names,
      at: { ...times, notBefore: NOW + 60 },
      says: /not valid before/,
    },
    {
      name: "from the past",
      principals: names,
      at: { ...times, notAfter: NOW },
      says: /invalid since/,
    },
  ])("$name is refused", ({ principals, at, says }) => {
    const { certificate } = authority.sign(sshLine(host), principals, at);
    expect(() => verifySsh(certificate, expectation)).toThrow(says);
  });

  test("for another key, of another authority, or with a broken signature is refused", () => {
    const foreign = authority.sign(sshLine(publicSshKey(makeKey("ed25519"))), names, times);
    expect(() => verifySsh(foreign.certificate, expectation)).toThrow(/another key/);
    const other = makeSshAuthority().sign(sshLine(host), names, times);
    expect(() => verifySsh(other.certificate, expectation)).toThrow(/not signed/);
    const { certificate } = authority.sign(sshLine(host), names, times);
    const [type = "", blob = ""] = certificate.split(" ");
    const bytes = Buffer.from(blob, "base64");
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    expect(() => verifySsh(`${type} ${bytes.toString("base64")}`, expectation)).toThrow(
      /not signed/,
    );
  });
});

test.for([
  { type: "ecdsa", bits: "256", algorithm: [] },
  { type: "ecdsa", bits: "384", algorithm: [] },
  { type: "rsa", bits: "2048", algorithm: ["-t", "rsa-sha2-512"] },
  { type: "rsa", bits: "2048", algorithm: ["-t", "rsa-sha2-256"] },
])("a host certificate that ssh-keygen signed with $type $bits is taken", (row) => {
  const root = makeRoot();
  const run = (args: readonly string[]) =>
    execFileSync("ssh-keygen", ["-q", ...args], { cwd: root });
  run(["-t", row.type, "-b", row.bits, "-N", "", "-f", "ca"]);
  const host = publicSshKey(makeKey("ed25519"));
  writeFileSync(join(root, "host.pub"), sshLine(host));
  const valid = ["-V", "20270101000000:20280101000000"];
  run(["-s", "ca", ...row.algorithm, "-h", "-I", "x", "-n", "w1", ...valid, "host.pub"]);
  const certificate = readFileSync(join(root, "host-cert.pub"), "utf8").trim();
  const anchor = readFileSync(join(root, "ca.pub"), "utf8").trim();
  const named = { ...offer, kind: "ssh-host" as const, names: ["w1"] };
  const now = Date.parse("2027-06-01T00:00:00Z");
  const expectation = { grant: "ssh-host", key: host, anchors: [anchor], offer: named, now };
  expect(verifySsh(certificate, expectation).principals).toEqual(["w1"]);
  expect(() =>
    verifySsh(certificate, { ...expectation, key: publicSshKey(makeKey("ed25519")) }),
  ).toThrow();
});

test.for(MADE_KEYS.filter((kind) => !kind.startsWith("rsa") || kind === "rsa-2048"))(
  "openssl takes the request of a %s key",
  (kind) => {
    const file = join(makeRoot(), "csr");
    writeFileSync(file, requestFor(makeKey(kind)));
    const said = execFileSync("openssl", ["req", "-in", file, "-noout", "-verify"], {
      stdio: "pipe",
    });
    expect(said.toString()).not.toMatch(/fail/i);
  },
);

test("ssh-keygen reads the host key that is made, and its public part is the same", () => {
  const file = join(makeRoot(), "key");
  const made = makeKey("ed25519");
  const text = formatSshPrivateKey(made, Buffer.from("abcd"));
  writeFileSync(file, text, { mode: 0o600 });
  const line = execFileSync("ssh-keygen", ["-y", "-f", file]).toString().trim();
  expect(line).toBe(sshLine(publicSshKey(made)));
  expect(sshLine(readSshPublicPart(text))).toBe(line);
});

test.for(["ed25519", "ecdsa"])("the public part of a %s key of ssh-keygen's is read", (type) => {
  const file = join(makeRoot(), "key");
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "a comment", "-f", file]);
  const text = execFileSync("cat", [file]).toString();
  const line = execFileSync("ssh-keygen", ["-y", "-f", file]).toString().trim();
  expect(line.startsWith(sshLine(readSshPublicPart(text)))).toBe(true);
});
