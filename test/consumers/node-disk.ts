import { createPrivateKey, hash, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { runOk } from "../harness/command.ts";
import { ETCD_FILES } from "./etcd.ts";
import { HOST_CERTIFICATE, HOST_KEY } from "./sshd.ts";

type Pair = {
  readonly grant: string;
  readonly form: "tls" | "ssh";
  /** Below the node's root. */
  readonly key: string;
  readonly certificate: string;
};

/** Every credential of node m1 under the shipped recipes. */
export const PAIRS: readonly Pair[] = [
  {
    grant: "node-identity",
    form: "tls",
    key: "var/lib/keyclient/identity/key.pem",
    certificate: "var/lib/keyclient/identity/certificate.pem",
  },
  tls("etcd-server", "serverKey", "serverCertificate"),
  tls("etcd-peer", "peerKey", "peerCertificate"),
  tls("etcd-client", "clientKey", "clientCertificate"),
  { grant: "ssh-host", form: "ssh", key: HOST_KEY, certificate: HOST_CERTIFICATE },
];

function tls(
  grant: string,
  key: keyof typeof ETCD_FILES,
  certificate: keyof typeof ETCD_FILES,
): Pair {
  return { grant, form: "tls", key: ETCD_FILES[key], certificate: ETCD_FILES[certificate] };
}

/** Credentials whose key and certificate are both there and do not fit each other. */
export async function findMismatched(root: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const pair of PAIRS) {
    if (isComplete(root, pair) && !(await fits(root, pair))) wrong.push(pair.grant);
  }
  return wrong;
}

/** Credentials of which a file is missing. */
export const findMissing = (root: string): readonly string[] =>
  PAIRS.filter((pair) => !isComplete(root, pair)).map(({ grant }) => grant);

/** Grants whose renewal is promised and not finished. */
export const findPromised = (root: string): readonly string[] =>
  listFiles(join(root, "var/lib/keyclient/staged"))
    .filter((file) => file.endsWith(".json"))
    .map((file) => basename(file, ".json"));

/** What no run should ever show: targets without content, keys that others may read. */
export const findUnsound = (root: string): readonly string[] => [
  ...listFiles(root)
    .filter((file) => !isTemporary(file) && statSync(file).size === 0)
    .map((file) => `${file} is empty`),
  ...PAIRS.map(({ key }) => join(root, key))
    .filter((key) => existsSync(key) && (statSync(key).mode & 0o7777) !== 0o600)
    .map((key) => `${key} has mode ${(statSync(key).mode & 0o7777).toString(8)}`),
];

/** What only a run at work has on disk. */
export const findLeftovers = (root: string): readonly string[] =>
  listFiles(root).filter((file) => isTemporary(file) || /\/(?:staged\/|joining\.pem$)/.test(file));

const isTemporary = (file: string): boolean => /\.keyclient-new$|\/lock(?:\.[^/]*)?$/.test(file);

const isComplete = (root: string, { key, certificate }: Pair): boolean =>
  existsSync(join(root, key)) && existsSync(join(root, certificate));

async function fits(root: string, { form, ...pair }: Pair): Promise<boolean> {
  const [key, certificate] = [join(root, pair.key), join(root, pair.certificate)];
  if (form === "tls") {
    const leaf = new X509Certificate(readFileSync(certificate));
    return leaf.checkPrivateKey(createPrivateKey(readFileSync(key)));
  }
  const [, blob = ""] = (await runOk("ssh-keygen", ["-y", "-f", key])).split(" ");
  const print = hash("sha256", Buffer.from(blob, "base64"), "base64").replace(/=+$/, "");
  return (await runOk("ssh-keygen", ["-l", "-f", certificate])).includes(`SHA256:${print}`);
}

function listFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
