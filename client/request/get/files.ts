import type { HeldCredential } from "../held/credential.ts";
import type { NewFile } from "./folder.ts";
import { SECRET } from "../held/private-file.ts";
import { FILES, formatCredential } from "../held/stored-credential.ts";

/** How a certificate is handed over. */
export type Form = "pem" | "p12" | "ssh";

/** What a PKCS#12 file is sealed with; not looked at for the other forms. */
export type Seal = { readonly password?: string; readonly legacy?: boolean };

/** The store's name of each file, and what comes after the grant's name in the person's folder; the key first. */
const ENDINGS = {
  pem: [
    [FILES.tls.key, ".key"],
    [FILES.tls.certificate, ".crt"],
    [FILES.tls.anchors, "-ca.crt"],
  ],
  ssh: [
    [FILES.ssh.key, ""],
    [FILES.ssh.public, ".pub"],
    [FILES.ssh.certificate, "-cert.pub"],
  ],
} as const;

/** The names that the files of a grant get. */
export const namesToGet = (grant: string, form: Form): readonly string[] =>
  form === "p12" ? [`${grant}.p12`] : ENDINGS[form].map(([, ending]) => `${grant}${ending}`);

/** A credential as files for the person, the key first. */
export async function filesToGet(
  credential: HeldCredential,
  form: Form,
  seal: Seal,
): Promise<readonly NewFile[]> {
  const { grant } = credential;
  if (form === "p12") {
    const content = await formatP12(credential, seal);
    return namesToGet(grant, form).map((name) => ({ name, content, mode: SECRET }));
  }
  const files = formatCredential(credential, "files");
  return ENDINGS[form].flatMap(([stored, ending]) => {
    const file = files.find(({ name }) => name === stored);
    if (file === undefined) return [];
    return [{ ...file, name: `${grant}${ending}` }];
  });
}

async function formatP12(credential: HeldCredential, { password, legacy }: Seal): Promise<Buffer> {
  if (credential.form !== "tls" || password === undefined) {
    throw new TypeError("PKCS#12 is for TLS, with a password");
  }
  const { formatPkcs12 } = await import("./pkcs12.ts");
  const { key, certificate, chain, grant, cluster } = credential;
  return formatPkcs12({
    key,
    certificates: [certificate, ...chain],
    friendlyName: `${grant} ${cluster}`,
    password,
    legacy: legacy === true,
  });
}
