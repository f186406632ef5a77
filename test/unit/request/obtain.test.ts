import { expect, test } from "vitest";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";
import { obtain, type Wish } from "../../../client/request/session/obtain.ts";
import type { CertificateRequest, GrantOffer } from "../../../protocol/messages.ts";
import { problemOf } from "../../../protocol/problems.ts";
import { makeAuthority, type Leaf } from "../client/small-authority.ts";
import {
  GOOD,
  issued,
  makeSshAuthority,
  sessionWith,
  SSH,
  SUBJECT,
  TLS,
  type Signed,
} from "./forging.ts";
import { NOW } from "./person.ts";

async function obtainSsh(
  signed: Signed,
  wish: Partial<Wish> = {},
  asked: CertificateRequest[] = [],
) {
  const { anchor, sign } = makeSshAuthority();
  const session = await sessionWith(
    { name: "ssh-user", kind: "ssh-user", anchor },
    async ({ publicKey = "" }) => issued("ssh-root", await sign(publicKey, signed)),
    asked,
  );
  return obtain({ now: () => NOW }, session, { offer: SSH, subject: SUBJECT, ...wish });
}

test("an SSH certificate that is what the offer says is given back with its key", async () => {
  const asked: CertificateRequest[] = [];
  const wish = { reason: "OSD 12", lifetime: 600 };
  const credential = await obtainSsh({}, wish, asked);
  expect(credential).toMatchObject({
    cluster: "hyades",
    grant: "ssh-root",
    subject: SUBJECT,
    form: "ssh",
    principals: ["root"],
    notAfter: Date.parse("2027-01-15T12:00:00Z"),
  });
  expect(credential.key.asymmetricKeyType).toBe("ed25519");
  const publicKey = sshLine(publicSshKey(credential.key));
  expect(asked).toEqual([{ grant: "ssh-root", publicKey, ...wish }]);
});

test("a chosen principal is asked for, and has to be in the certificate", async () => {
  const asked: CertificateRequest[] = [];
  await obtainSsh({ principals: "root,ceph-ops" }, { choose: ["ceph-ops"] }, asked);
  expect(asked[0]?.principals).toEqual(["ceph-ops"]);
});

test("the kind of key is the person's choice where the authority takes it", async () => {
  const { key } = await obtainSsh({}, { keyKind: "ecdsa-p256" });
  expect(key.asymmetricKeyType).toBe("ec");
});

const bound = "source-address=10.9.0.0/16";
test.for<{ name: string; signed: Signed; wish?: Partial<Wish> }>([
  { name: "for another key", signed: { otherKey: true } },
  { name: "of another authority", signed: { otherAuthority: true } },
  { name: "for another principal", signed: { principals: "admin" } },
  { name: "for one principal more", signed: { principals: "root,admin" } },
  { name: "for none", signed: { principals: "" } },
  { name: "with a principal that was not chosen", signed: { principals: "root,ceph-ops" } },
  { name: "without the chosen principal", signed: {}, wish: { choose: ["ceph-ops"] } },
  { name: "for hosts", signed: { args: ["-h"], options: [] } },
  {
    name: "for hosts, like the offer in all else",
    signed: { args: ["-h"], options: [] },
    wish: { offer: { ...SSH, extensions: [], sourceAddress: [] } },
  },
  {
    name: "for none, where the offer names none",
    signed: { principals: "" },
    wish: { offer: { ...SSH, names: [] } },
  },
  { name: "from anywhere", signed: { options: ["-O", "clear", "-O", "permit-pty"] } },
  {
    name: "from another place",
    signed: { options: ["-O", "clear", "-O", "permit-pty", "-O", "source-address=10.0.0.0/8"] },
  },
  {
    name: "from one place more",
    signed: { options: ["-O", "clear", "-O", "permit-pty", "-O", `${bound},10.8.0.0/16`] },
  },
  { name: "with a forced command", signed: { options: [...GOOD, "-O", "force-command=reboot"] } },
  {
    name: "with an unknown critical option",
    signed: { options: [...GOOD, "-O", "critical:x@y.z=1"] },
  },
  {
    name: "with an extension more",
    signed: { options: [...GOOD, "-O", "permit-port-forwarding"] },
  },
  { name: "with an extension less", signed: { options: ["-O", "clear", "-O", bound] } },
  { name: "that has expired", signed: { validity: "20270115060000Z:20270115075900Z" } },
  { name: "that is not valid yet", signed: { validity: "20270115080100Z:20270115120000Z" } },
])("an SSH certificate $name is thrown away", async ({ signed, wish }) => {
  await expect(obtainSsh(signed, wish)).rejects.toMatchObject({
    exit: 1,
    message: expect.stringMatching(/ssh-root.*it was thrown away$/),
    hints: [expect.stringMatching(/keyreq doctor/)],
  });
});

type Forgery = {
  readonly leaf?: Partial<Leaf>;
  readonly strange?: boolean;
  readonly csr?: boolean;
};

async function obtainTls({ leaf = {}, strange = false }: Forgery, offer: Partial<GrantOffer> = {}) {
  const authority = await makeAuthority("kubernetes", NOW / 1000 - 3600);
  const signer = strange ? await makeAuthority("kubernetes", NOW / 1000 - 3600) : authority;
  const session = await sessionWith(
    { name: "kubernetes", kind: "tls", anchor: authority.anchor },
    ({ csr = "" }) => {
      const bounds = { notBefore: NOW / 1000 - 300, notAfter: NOW / 1000 + 3600 };
      const { certificate, serial } = signer.sign(csr, {
        cn: "user:cela",
        usage: ["client"],
        ...bounds,
        ...leaf,
      });
      return Promise.resolve(issued("kube-user", certificate, serial));
    },
  );
  return obtain({ now: () => NOW }, session, { offer: { ...TLS, ...offer }, subject: SUBJECT });
}

test("a TLS certificate that is what the offer says is given back with key and anchors", async () => {
  const credential = await obtainTls({});
  expect(credential).toMatchObject({ form: "tls", grant: "kube-user", authority: "kubernetes" });
  expect(credential.key.asymmetricKeyType).toBe("ec");
  expect(credential.form === "tls" && credential.anchors).toHaveLength(1);
});

test("the key is of a kind that the authority takes", async () => {
  expect((await obtainTls({}, { keys: ["rsa-3072"] })).key.asymmetricKeyType).toBe("rsa");
});

test("without the groups that the offer names it is thrown away", async () => {
  await expect(obtainTls({}, { o: ["cluster-users"] })).rejects.toMatchObject({ exit: 1 });
});

test("its end is what the certificate says", async () => {
  const { notAfter } = await obtainTls({ leaf: { notAfter: NOW / 1000 + 60 } });
  expect(notAfter).toBe(NOW + 60_000);
});

test.for<Forgery & { name: string }>([
  { name: "for another name", leaf: { cn: "user:mallory" } },
  { name: "with a DNS name", leaf: { dns: ["kubernetes"] } },
  { name: "for servers too", leaf: { usage: ["server", "client"] } },
  { name: "of another authority", strange: true },
  { name: "that has expired", leaf: { notAfter: NOW / 1000 - 1 } },
  { name: "that is not valid yet", leaf: { notBefore: NOW / 1000 + 60 } },
])("a TLS certificate $name is thrown away", async (forgery) => {
  await expect(obtainTls(forgery)).rejects.toMatchObject({
    exit: 1,
    message: expect.stringMatching(/kube-user.*it was thrown away$/),
  });
});

test("a certificate of an authority that is not known is thrown away", async () => {
  await expect(obtainTls({}, { authority: "services" })).rejects.toMatchObject({ exit: 1 });
});

test.for(["admit", "operate", "fetch"] as const)(
  "a grant to %s gives no certificate, exit 2",
  async (verb) => {
    await expect(obtainTls({}, { verb })).rejects.toMatchObject({ exit: 2 });
  },
);

test("clocks that differ by more than a minute: nothing is asked for, exit 7", async () => {
  const asked: CertificateRequest[] = [];
  const none = { name: "kubernetes", kind: "tls" as const, anchor: "" };
  const session = await sessionWith(none, () => Promise.reject(new TypeError("asked")), asked);
  for (const ahead of [61_000, -61_000]) {
    const wish = { offer: TLS, subject: SUBJECT };
    const failed = obtain({ now: () => NOW }, { ...session, ahead }, wish);
    await expect(failed).rejects.toMatchObject({
      exit: 7,
      hints: [expect.stringMatching(/chronyc/)],
    });
  }
  expect(asked).toEqual([]);
});

test.for([
  { code: "policy.not_granted", exit: 3 },
  { code: "policy.address", exit: 3 },
  { code: "policy.reason_required", exit: 3 },
  { code: "directory.unavailable", exit: 4 },
  { code: "signer.unavailable", exit: 4 },
] as const)("a refusal with $code ends with $exit", async ({ code, exit }) => {
  const none = { name: "kubernetes", kind: "tls" as const, anchor: "" };
  const problem = problemOf(code, "the server's words");
  const session = await sessionWith(none, () => Promise.resolve({ problem }));
  await expect(
    obtain({ now: () => NOW }, session, { offer: TLS, subject: SUBJECT }),
  ).rejects.toMatchObject({ exit, message: expect.stringContaining("the server's words") });
});
