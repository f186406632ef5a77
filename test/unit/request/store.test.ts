import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requestFor } from "../../../client/credential/make-key.ts";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";
import type { HeldCredential } from "../../../client/request/held/credential.ts";
import {
  credentialFolder,
  keepCredential,
  listCredentials,
  readCredential,
  removeCredential,
  removeExpired,
} from "../../../client/request/held/store.ts";
import { runOk } from "../../harness/command.ts";
import { makeAuthority, makeSshAuthority } from "../client/small-authority.ts";
import { makePerson, NOW } from "./person.ts";

const HOUR = 3_600_000;
const TIMES = { notBefore: NOW / 1000 - 300, notAfter: (NOW + HOUR) / 1000 };

const common = (grant: string) => ({
  cluster: "hyades",
  grant,
  subject: "kerberos:cela@EXAMPLE.EDU",
  notBefore: NOW - 300_000,
  notAfter: NOW + HOUR,
});

/** A credential for the Kubernetes API, as `obtain` gives it. */
async function tlsCredential(grant = "kube-user"): Promise<HeldCredential> {
  const authority = await makeAuthority("kubernetes", NOW / 1000 - 3600);
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { certificate, serial } = authority.sign(requestFor(key), { cn: "user:cela", ...TIMES });
  const offer = { grant, verb: "issue", kind: "tls", authority: "kubernetes" } as const;
  const anchors = [authority.anchor];
  const facts = { ...common(grant), authority: "kubernetes", serial, offer };
  return { ...facts, form: "tls", key, certificate, chain: [], anchors };
}

/** A credential for SSH. */
function sshCredential(curve: "ed25519" | "P-256" = "ed25519"): HeldCredential {
  const grant = "ssh-root";
  const { privateKey: key } =
    curve === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: curve });
  const line = sshLine(publicSshKey(key));
  const { certificate, serial } = makeSshAuthority().sign(line, ["root"], TIMES);
  const offer = { grant, verb: "issue", kind: "ssh-user", authority: "ssh-user" } as const;
  const facts = { ...common(grant), authority: "ssh-user", serial, offer };
  return { ...facts, form: "ssh", key, certificate, principals: ["root"] };
}

const IN_FILES = { keyIn: "files" } as const;
const IN_AGENT = { keyIn: "agent" } as const;

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

test("what is kept is read back, key and all", async () => {
  const { deps, cluster } = makePerson();
  for (const credential of [await tlsCredential(), sshCredential()]) {
    keepCredential(deps, cluster, credential, IN_FILES);
    const { key, ...facts } = readCredential(deps, cluster, credential.grant) ?? {};
    const { key: kept, ...given } = credential;
    expect(facts).toEqual(given);
    expect(key?.equals(kept)).toBe(true);
  }
});

test("files have their modes, folders are the person's alone", async () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  keepCredential(deps, cluster, sshCredential(), IN_FILES);
  const modes = ["kube-user", "ssh-root"].flatMap((grant) => {
    const folder = credentialFolder(cluster, grant);
    return readdirSync(folder).map((name) => `${name} ${modeOf(join(folder, name))}`);
  });
  expect(modes.sort()).toEqual([
    "ca.pem 644",
    "certificate.pem 644",
    "credential.json 644",
    "credential.json 644",
    "key 600",
    "key-cert.pub 644",
    "key.pem 600",
    "key.pub 644",
  ]);
  const folders = [cluster.places.folder, cluster.places.credentials];
  expect(folders.map(modeOf)).toEqual(["700", "700"]);
  expect(modeOf(credentialFolder(cluster, "ssh-root"))).toBe("700");
});

test("a key that is in the agent is nowhere in the files", () => {
  const { deps, cluster } = makePerson();
  const credential = sshCredential();
  const summary = keepCredential(deps, cluster, credential, IN_AGENT);
  expect(summary).toMatchObject({ keyIn: "agent", principals: ["root"], form: "ssh" });
  const folder = credentialFolder(cluster, "ssh-root");
  expect(readdirSync(folder).sort()).toEqual(["credential.json", "key-cert.pub", "key.pub"]);
  const { d = "?" } = credential.key.export({ format: "jwk" });
  const seed = Buffer.from(d, "base64url");
  for (const name of readdirSync(folder)) {
    const content = readFileSync(join(folder, name));
    expect(content.includes(seed) || content.includes(seed.toString("base64"))).toBe(false);
  }
  expect(readCredential(deps, cluster, "ssh-root")).toBeUndefined();
  expect(listCredentials(deps, cluster)).toEqual([summary]);
});

test.for(["ed25519", "P-256"] as const)(
  "ssh-keygen reads the key of %s and finds its half",
  async (curve) => {
    const { deps, cluster } = makePerson();
    keepCredential(deps, cluster, sshCredential(curve), IN_FILES);
    const folder = credentialFolder(cluster, "ssh-root");
    const shown = await runOk("ssh-keygen", ["-y", "-f", join(folder, "key")]);
    const kept = readFileSync(join(folder, "key.pub"), "utf8");
    expect(kept.split(" ").slice(0, 2)).toEqual(shown.trim().split(" ").slice(0, 2));
    expect(kept.trimEnd().endsWith(" keysystem hyades ssh-root")).toBe(true);
  },
);

test("a newer one takes the place of an older as a whole, also of another form", async () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, sshCredential(), IN_FILES);
  const newer = sshCredential();
  keepCredential(deps, cluster, newer, IN_AGENT);
  const folder = credentialFolder(cluster, "ssh-root");
  expect(readdirSync(folder)).not.toContain("key");
  expect(listCredentials(deps, cluster).map(({ serial }) => serial)).toEqual([newer.serial]);
  expect(readdirSync(cluster.places.credentials)).toEqual(["ssh-root"]);
});

test("an expired one is listed, not read, and goes away when it is met", async () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  const later = { ...deps, now: () => NOW + HOUR };
  expect(listCredentials(later, cluster)).toHaveLength(1);
  expect(readCredential(later, cluster, "kube-user")).toBeUndefined();
  expect(listCredentials(later, cluster)).toEqual([]);
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  expect(removeExpired(deps, cluster)).toEqual([]);
  expect(removeExpired(later, cluster)).toHaveLength(1);
  expect(readdirSync(cluster.places.credentials)).toEqual([]);
});

test("removing is done once", async () => {
  const { deps, cluster } = makePerson();
  expect(removeCredential(deps, cluster, "kube-user")).toBe(false);
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  expect(removeCredential(deps, cluster, "kube-user")).toBe(true);
  expect(removeCredential(deps, cluster, "kube-user")).toBe(false);
});

test.for(["", ".", "..", "../../x", "a/b", "A", "a\0", ".ssh", "a".repeat(65), "ssh root"])(
  "%j names no folder",
  async (grant) => {
    const { deps, cluster } = makePerson();
    const credential = { ...(await tlsCredential()), grant };
    const refused = { exit: 2 };
    expect(() => keepCredential(deps, cluster, credential, IN_FILES)).toThrow(
      expect.objectContaining(refused),
    );
    expect(() => readCredential(deps, cluster, grant)).toThrow(expect.objectContaining(refused));
    expect(() => removeCredential(deps, cluster, grant)).toThrow(expect.objectContaining(refused));
    expect(readdirSync(cluster.places.folder)).not.toContain("credentials");
  },
);

test.for([
  { name: "the certificate of another key", file: "certificate.pem", from: "certificate.pem" },
  { name: "the key of another certificate", file: "key.pem", from: "key.pem" },
])("a credential with $name is none", async ({ file, from }) => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, await tlsCredential("other"), IN_FILES);
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  const strange = readFileSync(join(credentialFolder(cluster, "other"), from));
  writeFileSync(join(credentialFolder(cluster, "kube-user"), file), strange);
  expect(readCredential(deps, cluster, "kube-user")).toBeUndefined();
});

test("an SSH certificate of another key is none", () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, sshCredential(), IN_FILES);
  const folder = credentialFolder(cluster, "ssh-root");
  writeFileSync(join(folder, "key-cert.pub"), `${sshCredential().certificate}\n`);
  expect(readCredential(deps, cluster, "ssh-root")).toBeUndefined();
});

test.for(["key.pem", "certificate.pem", "credential.json"])(
  "damage to %s makes it none",
  async (file) => {
    const { deps, cluster } = makePerson();
    keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
    writeFileSync(join(credentialFolder(cluster, "kube-user"), file), "damaged");
    expect(readCredential(deps, cluster, "kube-user")).toBeUndefined();
  },
);

test("a folder that was renamed is not the credential of another grant", async () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  renameSync(credentialFolder(cluster, "kube-user"), credentialFolder(cluster, "kube-admin"));
  expect(readCredential(deps, cluster, "kube-admin")).toBeUndefined();
  expect(listCredentials(deps, cluster)).toEqual([]);
});

test("no symbolic link below the data folder is followed", async () => {
  const { deps, cluster } = makePerson();
  const elsewhere = join(deps.places.home, "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, cluster.places.credentials);
  const credential = await tlsCredential();
  const refused = expect.objectContaining({ message: expect.stringMatching(/is a symbolic link/) });
  expect(() => keepCredential(deps, cluster, credential, IN_FILES)).toThrow(refused);
  expect(() => listCredentials(deps, cluster)).toThrow(refused);
  expect(() => readCredential(deps, cluster, "kube-user")).toThrow(refused);
  expect(readdirSync(elsewhere)).toEqual([]);
});

test("a link in the place of a credential is replaced, and its target stays", async () => {
  const { deps, cluster } = makePerson();
  const elsewhere = join(deps.places.home, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "precious"), "x");
  mkdirSync(cluster.places.credentials, { mode: 0o700 });
  symlinkSync(elsewhere, credentialFolder(cluster, "kube-user"));
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  expect(readdirSync(elsewhere)).toEqual(["precious"]);
  expect(readCredential(deps, cluster, "kube-user")).toBeDefined();
});

test("a folder that others can write is not used", async () => {
  const { deps, cluster } = makePerson();
  keepCredential(deps, cluster, await tlsCredential(), IN_FILES);
  chmodSync(cluster.places.credentials, 0o777);
  const refused = expect.objectContaining({
    message: expect.stringMatching(/can be written by others/),
  });
  expect(() => readCredential(deps, cluster, "kube-user")).toThrow(refused);
  rmSync(cluster.places.credentials, { recursive: true });
});

test("several keyreqs at once leave one whole credential", { timeout: 120_000 }, async () => {
  const { deps, cluster } = makePerson();
  const codes = await Promise.all(Array.from({ length: 4 }, () => rewrite(deps.places.data)));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(readCredential(deps, cluster, "ssh-root")).toBeDefined();
  expect(readdirSync(cluster.places.credentials)).toEqual(["ssh-root"]);
});

/** A process that keeps new credentials again and again, and reads between; it fails on half a one. */
function rewrite(data: string): Promise<number | null> {
  const program = join(import.meta.dirname, "store-writer.ts");
  const child = spawn(process.execPath, [program, data, `${NOW}`], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve) => {
    child.on("exit", resolve);
  });
}
