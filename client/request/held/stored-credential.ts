import { randomBytes, X509Certificate, type KeyObject } from "node:crypto";
import { Type, type Static } from "typebox";
import { Check } from "typebox/value";
import { parseSshCertificateLine } from "../../../keys/formats/ssh-certificate.ts";
import { GrantOffer } from "../../../protocol/messages.ts";
import { formatKey, parseKey } from "../../credential/make-key.ts";
import {
  formatSshPrivateKey,
  parseSshPrivateKey,
  publicSshKey,
  sshLine,
} from "../../credential/ssh-private-key.ts";
import type { CredentialSummary, HeldCredential } from "./credential.ts";
import { OPEN, SECRET } from "./private-file.ts";

/** `credential.json`: everything about a credential but its key. */
const Description = Type.Object({
  schema: Type.Literal(1),
  cluster: Type.String(),
  grant: Type.String(),
  authority: Type.String(),
  subject: Type.String(),
  serial: Type.String(),
  notBefore: Type.Integer(),
  notAfter: Type.Integer(),
  form: Type.Union([Type.Literal("tls"), Type.Literal("ssh")]),
  principals: Type.Array(Type.String()),
  keyIn: Type.Union([Type.Literal("files"), Type.Literal("agent")]),
  offer: GrantOffer,
});
/** See {@link Description}. */
export type Description = Static<typeof Description>;

/** Names of the files in a credential's folder. */
export const FILES = {
  description: "credential.json",
  tls: { key: "key.pem", certificate: "certificate.pem", anchors: "ca.pem" },
  ssh: { key: "key", public: "key.pub", certificate: "key-cert.pub" },
} as const;

/** One file of a credential's folder. */
export type CredentialFile = {
  readonly name: string;
  readonly content: string;
  readonly mode: number;
};

/** The files of a credential; the private key is among them only with `keyIn: "files"`. */
export function formatCredential(
  credential: HeldCredential,
  keyIn: CredentialSummary["keyIn"],
): readonly CredentialFile[] {
  const key = keyIn === "files" ? [keyFile(credential)] : [];
  return [...key, ...publicFiles(credential), describe(credential, keyIn)];
}

const open = (name: string, parts: readonly string[]): CredentialFile => ({
  name,
  content: parts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join(""),
  mode: OPEN,
});

function publicFiles(credential: HeldCredential): readonly CredentialFile[] {
  const { certificate, cluster, grant, key } = credential;
  if (credential.form === "tls") {
    return [
      open(FILES.tls.certificate, [certificate, ...credential.chain]),
      open(FILES.tls.anchors, credential.anchors),
    ];
  }
  return [
    open(FILES.ssh.public, [`${sshLine(publicSshKey(key))} ${commentOf({ cluster, grant })}`]),
    open(FILES.ssh.certificate, [certificate]),
  ];
}

/** What marks our keys in an SSH agent and in `.pub` files: `keysystem CLUSTER GRANT`. */
export const commentOf = ({
  cluster,
  grant,
}: Pick<CredentialSummary, "cluster" | "grant">): string => `keysystem ${cluster} ${grant}`;

function keyFile({ form, key }: HeldCredential): CredentialFile {
  if (form === "tls") return { ...open(FILES.tls.key, [formatKey(key)]), mode: SECRET };
  return { ...open(FILES.ssh.key, [formatSshKey(key)]), mode: SECRET };
}

// ssh reads PKCS#8 for every kind but Ed25519.
const formatSshKey = (key: KeyObject): string =>
  key.asymmetricKeyType === "ed25519" ? formatSshPrivateKey(key, randomBytes(4)) : formatKey(key);

/** What may be known of a credential without its key. */
export function summarize(
  credential: HeldCredential,
  keyIn: CredentialSummary["keyIn"],
): CredentialSummary {
  const { cluster, grant, authority, subject, serial, notBefore, notAfter, form } = credential;
  const principals = credential.form === "ssh" ? credential.principals : [];
  // prettier-ignore
  return { cluster, grant, authority, subject, serial, notBefore, notAfter, form, principals, keyIn };
}

function describe(credential: HeldCredential, keyIn: CredentialSummary["keyIn"]): CredentialFile {
  const { principals, ...summary } = summarize(credential, keyIn);
  const { offer } = credential;
  const description: Description = { schema: 1, ...summary, principals: [...principals], offer };
  const content = `${JSON.stringify(description, null, 2)}\n`;
  return { name: FILES.description, content, mode: OPEN };
}

/** What is in `credential.json`; undefined when it is damaged or of another version. */
export function parseDescription(text: string | undefined): Description | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Check(Description, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The credential in a folder whose files `read` gives; undefined when its key is not there, or when
 * a file is damaged or belongs to another key.
 */
export function parseCredential(
  description: Description,
  read: (name: string) => string | undefined,
): HeldCredential | undefined {
  try {
    return description.form === "tls" ? parseTls(description, read) : parseSsh(description, read);
  } catch {
    return undefined;
  }
}

type Read = (name: string) => string | undefined;

function parseTls(description: Description, read: Read): HeldCredential | undefined {
  const key = parseKey(read(FILES.tls.key) ?? "");
  const [certificate, ...chain] = splitPem(read(FILES.tls.certificate) ?? "");
  const anchors = splitPem(read(FILES.tls.anchors) ?? "");
  if (key === undefined || certificate === undefined) return undefined;
  if (!new X509Certificate(certificate).checkPrivateKey(key)) return undefined;
  return { ...factsOf(description), form: "tls", key, certificate, chain, anchors };
}

function parseSsh(description: Description, read: Read): HeldCredential | undefined {
  const key = parseSshKey(read(FILES.ssh.key) ?? "");
  const certificate = (read(FILES.ssh.certificate) ?? "").trimEnd();
  const parsed = parseSshCertificateLine(certificate);
  if (key === undefined || !parsed.key.blob.equals(publicSshKey(key).blob)) return undefined;
  const { principals } = description;
  return { ...factsOf(description), form: "ssh", key, certificate, principals };
}

const parseSshKey = (text: string): KeyObject | undefined =>
  text.startsWith("-----BEGIN OPENSSH") ? parseSshPrivateKey(text) : parseKey(text);

const factsOf = ({
  schema: _schema,
  form: _form,
  principals: _principals,
  keyIn: _keyIn,
  ...facts
}: Description) => facts;

const splitPem = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n/g) ?? [];
