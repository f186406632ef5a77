import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { makeKey } from "../../../client/credential/make-key.ts";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";
import type { HeldCredential } from "../../../client/request/held/credential.ts";
import { clusterPlaces, placesOf, type Places } from "../../../client/request/places.ts";
import { writeTrust } from "../../../client/request/session/cluster.ts";
import { parseSshCertificateLine } from "../../../keys/formats/ssh-certificate.ts";
import type { GrantOffer, Trust } from "../../../protocol/messages.ts";
import { runOk } from "../../harness/command.ts";
import { startDaemon, type Daemon } from "../../harness/process.ts";
import { waitFor } from "../../harness/wait.ts";

/** A person's machine in a folder that goes away with the test. */
export type Person = {
  readonly home: string;
  readonly places: Places;
  readonly environment: Record<string, string>;
  readonly uid: number;
  readonly user: string;
  now: () => number;
};

/** Makes a home with nothing in it. */
export function makePerson(): Person {
  const home = mkdtempSync(join(tmpdir(), "keyreq-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { uid } = userInfo();
  return {
    home,
    places: placesOf(home, {}),
    environment: {},
    uid,
    user: "cela",
    now: () => Date.now(),
  };
}

/** An authority for SSH users, as ssh-keygen made it, and one for hosts. */
export type SshAuthorities = {
  readonly userAnchor: string;
  readonly hostAnchor: string;
  readonly folder: string;
};

/** Makes both authorities below `folder`. */
export async function makeSshAuthorities(folder: string): Promise<SshAuthorities> {
  for (const name of ["user_ca", "host_ca"]) {
    await runOk("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "",
      "-f",
      join(folder, name),
    ]);
  }
  const read = (name: string): string => readFileSync(join(folder, `${name}.pub`), "utf8").trim();
  return { userAnchor: read("user_ca"), hostAnchor: read("host_ca"), folder };
}

/** What the server says of a cluster with these authorities. */
export const trustOf = (
  { userAnchor, hostAnchor }: SshAuthorities,
  cluster = "hyades",
  more: Trust["authorities"] = [],
): Trust => ({
  cluster,
  domain: `${cluster}.example.edu`,
  authorities: [
    { name: "ssh-user", kind: "ssh-user", anchors: [userAnchor] },
    { name: "ssh-host", kind: "ssh-host", anchors: [hostAnchor] },
    ...more,
  ],
});

/** Keeps that in a person's data folder. */
export const keepTrust = (person: Person, trust: Trust): boolean =>
  writeTrust(person, clusterPlaces(person.places, trust.cluster), trust);

/** What a certificate is to be; the rest is good. */
export type Wanted = {
  readonly cluster?: string;
  readonly grant?: string;
  readonly principals?: readonly string[];
  /** Seconds. */
  readonly lifetime?: number;
  readonly kind?: "ed25519" | "ecdsa-p256";
};

/** A certificate for a new key, signed by ssh-keygen. */
export async function makeCredential(
  { folder }: SshAuthorities,
  wanted: Wanted = {},
): Promise<Extract<HeldCredential, { form: "ssh" }>> {
  const { cluster = "hyades", grant = "ssh-root", principals = ["root"] } = wanted;
  const key = makeKey(wanted.kind ?? "ed25519");
  const file = join(folder, randomBytes(6).toString("hex"));
  writeFileSync(`${file}.pub`, `${sshLine(publicSshKey(key))}\n`);
  const args = ["-q", "-s", join(folder, "user_ca"), "-I", "test", "-n", principals.join(",")];
  const valid = `-1m:+${wanted.lifetime ?? 3600}s`;
  await runOk("ssh-keygen", [...args, "-V", valid, `${file}.pub`]);
  const certificate = readFileSync(`${file}-cert.pub`, "utf8").trim();
  const { serial, validAfter, validBefore } = parseSshCertificateLine(certificate);
  const offer: GrantOffer = { grant, verb: "issue", authority: "ssh-user", kind: "ssh-user" };
  return {
    cluster,
    grant,
    authority: "ssh-user",
    subject: "kerberos:cela@EXAMPLE.EDU",
    serial,
    notBefore: validAfter * 1000,
    notAfter: validBefore * 1000,
    offer: { ...offer, names: [...principals] },
    form: "ssh",
    key,
    certificate,
    principals,
  };
}

/** Starts a real ssh-agent whose socket is in `folder`; it ends with the test. */
export async function startAgent(
  folder: string,
  name = "agent",
): Promise<Daemon & { socket: string }> {
  const socket = join(folder, name);
  const daemon = startDaemon("ssh-agent", ["-D", "-a", socket], { log: `${socket}.log` });
  onTestFinished(async () => {
    await daemon.kill();
  });
  await waitFor("the agent listens", async () => {
    const said = await runOk("sh", ["-c", "ssh-add -l || [ $? = 1 ]"], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
    });
    return said.includes("no identities");
  });
  return { ...daemon, socket };
}

/** What ssh-add lists, one line for each. */
export async function listAgent(socket: string): Promise<readonly string[]> {
  const said = await runOk("sh", ["-c", "ssh-add -L || [ $? = 1 ]"], {
    env: { PATH: process.env["PATH"] ?? "", SSH_AUTH_SOCK: socket },
  });
  return said.split("\n").filter((line) => line.includes(" AAAA"));
}
