import type { Machine } from "../machines.ts";

/** Where m1's API server writes who came, and with which certificate. */
export const AUDIT_LOG = "/var/log/kubernetes/audit.log";

/** What a certificate is called there. */
const CREDENTIAL = `["authentication.kubernetes.io/credential-id"][0]`;

/** `X509SHA256=…` of the first certificate of a file. */
export async function credentialOf(machine: Machine, file: string): Promise<string> {
  const said = await machine.ok([
    "openssl",
    "x509",
    "-noout",
    "-fingerprint",
    "-sha256",
    "-in",
    file,
  ]);
  const [, fingerprint = ""] = /=([0-9A-F:]+)$/m.exec(said) ?? [];
  return `X509SHA256=${fingerprint.replaceAll(":", "").toLowerCase()}`;
}

/** The certificate that came last with this name, to the API server itself. Empty when none did. */
export const lastSeen = (m1: Machine, user: string): Promise<string> =>
  query(m1, user, `select(.user.username == $user) | .user.extra${CREDENTIAL} // empty`);

/** The certificate that a kubelet asked about last, of who came to it with this name. */
export const lastSeenByKubelet = (m1: Machine, user: string): Promise<string> =>
  query(
    m1,
    user,
    `select(.objectRef.resource == "subjectaccessreviews") | .requestObject.spec
     | select(.user == $user) | .extra${CREDENTIAL} // empty`,
  );

/** When a certificate came first, to the API server or to a kubelet: seconds since 1970. Undefined when it never did. */
export async function firstSeenAt(m1: Machine, credential: string): Promise<number | undefined> {
  const script = `grep -F "$0" ${AUDIT_LOG} | head -n 1 | jq -r .requestReceivedTimestamp`;
  const at = Date.parse((await m1.ok(["sh", "-c", script, credential])).trim());
  return Number.isNaN(at) ? undefined : at / 1000;
}

/** How many requests were refused since then (seconds since 1970) because nobody could tell whose they are. */
export async function countUnauthorized(m1: Machine, since: number): Promise<number> {
  const from = new Date(since * 1000).toISOString();
  const program = `select(.responseStatus.code == 401 and .requestReceivedTimestamp > $from) | .requestURI`;
  const said = await m1.ok(["jq", "-r", "--arg", "from", from, program, AUDIT_LOG]);
  return said.split("\n").filter((line) => line !== "").length;
}

/** The last line that a program of jq gives for the log. */
async function query(m1: Machine, user: string, program: string): Promise<string> {
  const script = `jq -r --arg user "$0" "$1" ${AUDIT_LOG} | tail -n 1`;
  return (await m1.ok(["sh", "-c", script, user, program])).trim();
}
