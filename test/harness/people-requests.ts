import { generateKeyPairSync } from "node:crypto";
import { Value } from "typebox/value";
import { CertificateResults, Grants } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import { codeOf } from "../../protocol/problems.ts";
import { run, runOk } from "./command.ts";
import type { AskOptions, CurlAnswer, PeopleCluster, Person } from "./people.ts";

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A string of SSH's encoding (RFC 4251 §5). */
export const sshString = (bytes: Buffer | string): Buffer => {
  const content = Buffer.from(bytes);
  return Buffer.concat([uint32(content.length), content]);
};

/** The line of a fresh Ed25519 key, without a comment. */
export function makeSshKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" })["x"]?.toString() ?? "", "base64url");
  const blob = Buffer.concat([sshString("ssh-ed25519"), sshString(raw)]);
  return `ssh-ed25519 ${blob.toString("base64")}`;
}

/** What came of one request: the certificate, or `code: detail`. */
export type Result = { readonly certificate?: string; readonly refusal: string };

/** Results of an answer of 200. @throws Error for any other */
export function readResults({ status, body }: CurlAnswer): readonly Result[] {
  if (status !== 200) throw new Error(`certificates: ${status} ${body}`);
  return Value.Parse(CertificateResults, JSON.parse(body)).results.map((result) =>
    "problem" in result
      ? { refusal: `${codeOf(result.problem)}: ${result.problem.detail ?? ""}` }
      : { certificate: result.certificate, refusal: "" },
  );
}

/** Asks for one certificate of SSH for a fresh key, or with whatever `fields` say. */
export async function askSsh(
  people: PeopleCluster,
  person: Person,
  fields: { readonly grant: string } & Readonly<Record<string, unknown>>,
  options: AskOptions = {},
): Promise<Result> {
  const requests = [{ publicKey: makeSshKey(), ...fields }];
  const answer = await people.ask(person, PATHS.certificates, { requests }, options);
  return readResults(answer)[0] ?? { refusal: "no result" };
}

/** `GET /v1/grants` of somebody. @throws Error when it is refused */
export async function askGrants(people: PeopleCluster, person: Person): Promise<Grants> {
  const { status, body } = await people.ask(person, PATHS.grants);
  if (status !== 200) throw new Error(`grants: ${status} ${body}`);
  return Value.Parse(Grants, JSON.parse(body));
}

/** What `ssh-keygen -L` reads out of a certificate. */
export type ShownCertificate = {
  readonly type: string;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly critical: readonly string[];
  readonly extensions: readonly string[];
  /** Seconds from the first to the last moment. */
  readonly seconds: number;
};

/** Reads an SSH certificate with OpenSSH. @throws Error when OpenSSH cannot */
export async function showSsh(line: string): Promise<ShownCertificate> {
  const env = { PATH: process.env["PATH"] ?? "", TZ: "UTC" };
  const { code, stdout, stderr } = await run("ssh-keygen", ["-L", "-f", "-"], { stdin: line, env });
  if (code !== 0) throw new Error(`ssh-keygen -L ended with ${code}: ${stderr}`);
  const [, type = ""] = /Type: (.*)/.exec(stdout) ?? [];
  const [, keyId = ""] = /Key ID: "(.*)"/.exec(stdout) ?? [];
  const [, from = "", to = ""] = /Valid: from (\S+) to (\S+)/.exec(stdout) ?? [];
  const listed = (head: string): readonly string[] => {
    const [, lines = ""] =
      new RegExp(`^ {8}${head}:(.*\\n(?: {16}.*\\n)*)`, "m").exec(stdout) ?? [];
    return lines.split("\n").flatMap((text) => {
      const name = text.trim();
      return name === "" || name === "(none)" ? [] : [name];
    });
  };
  return {
    type,
    keyId,
    principals: listed("Principals"),
    critical: listed("Critical Options"),
    extensions: listed("Extensions"),
    seconds: (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000,
  };
}

/** Subject (RFC 2253), usage and names of a TLS certificate, as openssl writes them. */
export async function showTls(pem: string): Promise<string> {
  const args = ["x509", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"];
  const more = ["-ext", "extendedKeyUsage,subjectAltName,basicConstraints"];
  return runOk("openssl", [...args, ...more], { stdin: pem });
}
