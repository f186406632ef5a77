import { generateKeyPairSync } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  formatSshPrivateKey,
  publicSshKey,
  sshLine,
} from "../../../client/credential/ssh-private-key.ts";
import { openAsked, type Session } from "../../../client/request/session/session.ts";
import type { CertificateRequest, GrantOffer } from "../../../protocol/messages.ts";
import type { problemOf } from "../../../protocol/problems.ts";
import { runOk } from "../../harness/command.ts";
import { makeRoot } from "../client/scratch.ts";
import { makePerson } from "./person.ts";

/** Whom offers are for. */
export const SUBJECT = "kerberos:cela@EXAMPLE.EDU";

/** An SSH offer with a limit of every kind. */
export const SSH: GrantOffer = {
  grant: "ssh-root",
  verb: "issue",
  authority: "ssh-user",
  kind: "ssh-user",
  keys: ["ed25519", "ecdsa-p256"],
  names: ["root"],
  extensions: ["permit-pty"],
  sourceAddress: ["10.9.0.0/16"],
  mayChoose: ["ceph-ops"],
  chooseAtMost: 1,
};
/** A TLS offer. */
export const TLS: GrantOffer = {
  grant: "kube-user",
  verb: "issue",
  authority: "kubernetes",
  kind: "tls",
  keys: ["ecdsa-p256", "rsa-3072"],
  cn: "user:cela",
  o: [],
  names: [],
  usage: ["client"],
};

/** What ssh-keygen signs: OpenSSH itself is the judge of the format. */
export type Signed = {
  readonly principals?: string;
  readonly options?: readonly string[];
  readonly args?: readonly string[];
  readonly validity?: string;
  /** Signs another key than the one that was sent. */
  readonly otherKey?: boolean;
  /** Signs with another authority's key. */
  readonly otherAuthority?: boolean;
};

/** Options of a certificate that is as {@link SSH} says. */
export const GOOD = ["-O", "clear", "-O", "permit-pty", "-O", "source-address=10.9.0.0/16"];

/** An SSH authority that is ssh-keygen. */
export function makeSshAuthority() {
  const folder = makeRoot();
  const make = (name: string): string => {
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(folder, name), formatSshPrivateKey(privateKey, Buffer.alloc(4)));
    chmodSync(join(folder, name), 0o600);
    return sshLine(publicSshKey(privateKey));
  };
  const anchor = make("ca");
  make("strange");
  const sign = async (line: string, signed: Signed): Promise<string> => {
    const {
      principals = "root",
      options = GOOD,
      args = [],
      validity = "20270115075500Z:20270115120000Z",
    } = signed;
    writeFileSync(join(folder, "key.pub"), `${signed.otherKey === true ? make("other") : line}\n`);
    const key = join(folder, signed.otherAuthority === true ? "strange" : "ca");
    const named = principals === "" ? [] : ["-n", principals];
    await runOk("ssh-keygen", [
      "-q",
      "-s",
      key,
      "-I",
      "test",
      ...named,
      "-V",
      validity,
      ...options,
      ...args,
      join(folder, "key.pub"),
    ]);
    return readFileSync(join(folder, "key-cert.pub"), "utf8").trim();
  };
  return { anchor, sign };
}

const RENEW = { after: "2027-01-15T10:00:00Z", before: "2027-01-15T11:00:00Z" };
/** An answer of the server around a certificate. */
export const issued = (grant: string, certificate: string, serial = "0".repeat(16)) => ({
  grant,
  certificate,
  chain: [],
  serial,
  notBefore: "2027-01-15T07:55:00Z",
  notAfter: "2027-01-15T12:00:00Z",
  renew: RENEW,
});

/** A session whose server answers one request with what `answer` makes of it. */
export async function sessionWith(
  authority: { readonly name: string; readonly kind: "tls" | "ssh-user"; readonly anchor: string },
  answer: (
    request: CertificateRequest,
  ) => Promise<ReturnType<typeof issued> | { readonly problem: ReturnType<typeof problemOf> }>,
  asked: CertificateRequest[] = [],
): Promise<Session> {
  const person = makePerson();
  const { name, kind, anchor } = authority;
  const own = { name, kind, anchors: [anchor] };
  person.edge.trust = {
    ...person.edge.trust,
    authorities: [...person.edge.trust.authorities, own],
  };
  const session = await openAsked(person.deps);
  return {
    ...session,
    async certificates(requests) {
      asked.push(...requests);
      return Promise.all(requests.map(answer));
    },
  };
}
