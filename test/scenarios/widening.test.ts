import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CertificateResults } from "../../protocol/messages.ts";
import { codeOf } from "../../protocol/problems.ts";
import { decidedContent, showSshCertificate } from "../harness/certificate-content.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import {
  createRequestMaker,
  type RequestMaker,
  sshKey,
  type Wish,
} from "../harness/hostile-request.ts";
import { askCertificates, type Identity, joinByHand } from "../harness/test-node.ts";

/** Case 43: nothing in a request but its key widens what the policy gives. */

let cluster: Cluster;
let requests: RequestMaker;
let identity: Identity;
let sshLine: string;

beforeAll(async () => {
  cluster = await startCluster();
  requests = createRequestMaker();
  [identity, sshLine] = await Promise.all([
    joinByHand(cluster, "m1"),
    sshKey(requests.folder, "host", ["-t", "ed25519"]),
  ]);
});
afterAll(async () => {
  requests[Symbol.dispose]();
  await cluster.dispose();
});

type Result = CertificateResults["results"][number];

const ask = (asked: readonly object[]): Promise<readonly Result[]> =>
  askCertificates(cluster, asked, { identity });

const issued = (result: Result | undefined): string => {
  if (result === undefined || "problem" in result) throw new Error(JSON.stringify(result));
  return result.certificate;
};

const refusal = (result: Result | undefined): string =>
  result !== undefined && "problem" in result
    ? `${codeOf(result.problem)}: ${result.problem.detail ?? ""}`
    : "issued";

/** One evil name at position k among those that the grant gives. */
const GRANTED: readonly string[] = ["DNS:m1.demo.test", "DNS:m1.demo.test", "IP:127.0.0.1"];
const EVIL = [
  "DNS:evil.test",
  "DNS:*.demo.test",
  "IP:10.0.0.1",
  "URI:spiffe://demo.test/admin",
  "email:root@demo.test",
  "RID:1.2.3.4",
] as const;

const ALTERNATIVE_NAMES: readonly Wish[] = EVIL.flatMap((evil) =>
  [0, 1, 3].map((k) => ({
    extensions: [`subjectAltName = ${GRANTED.toSpliced(k, 0, evil).join(",")}`],
  })),
);

const EXTENSIONS: readonly Wish[] = [
  { extensions: ["subjectAltName = otherName:1.3.6.1.4.1.311.20.2.3;UTF8:root@demo.test"] },
  { extensions: ["subjectAltName = critical,DNS:evil.test"] },
  { extensions: ["basicConstraints = critical,CA:TRUE,pathlen:3"] },
  { extensions: ["keyUsage = critical,keyCertSign,cRLSign"] },
  { extensions: ["extendedKeyUsage = clientAuth,codeSigning,1.3.6.1.5.5.7.3.9"] },
  { extensions: ["extendedKeyUsage = anyExtendedKeyUsage"] },
  { extensions: ["subjectKeyIdentifier = 00112233445566778899AABBCCDDEEFF00112233"] },
  { extensions: ["nameConstraints = critical,permitted;DNS:evil.test"] },
  { extensions: ["certificatePolicies = 2.5.29.32.0"] },
  { extensions: ["1.2.3.4 = critical,ASN1:UTF8String:unknown"] },
  {
    extensions: [
      "basicConstraints = CA:TRUE",
      "keyUsage = keyCertSign",
      "subjectAltName = DNS:a.b",
    ],
  },
];

const SUBJECTS: readonly Wish[] = [
  { subject: "/O=system:masters/CN=admin" },
  { subject: "/CN=web-m1/O=system:masters" },
  { subject: "/O=system:masters+CN=system:admin/OU=x+O=system:nodes" },
  { subject: "/CN=system:node:m2" },
  { subject: "/C=DE/CN=web-m1/emailAddress=root@demo.test" },
];

describe("a PKCS#10 request", () => {
  test.each([
    ["names beside the granted ones", ALTERNATIVE_NAMES],
    ["extensions", EXTENSIONS],
    ["subjects", SUBJECTS],
  ])("with %s gives the bytes that a bare one gives", async (_, wishes) => {
    const asked = await Promise.all([{}, ...wishes].map((wish) => requests.make(wish)));
    const results = await ask(asked.map((csr) => ({ grant: "web", csr })));
    const [bare, ...hostile] = results.map((result) => decidedContent(issued(result)));
    expect(bare?.subject).toContain(Buffer.from("web-m1").toString("hex"));
    expect(hostile).toHaveLength(wishes.length);
    for (const content of hostile) expect(content).toEqual(bare);
  });

  test("cannot name another node in its identity, at join or renewal", async () => {
    const csr = await requests.make({ subject: "/CN=w1/O=system:masters" });
    const [result] = await ask([{ grant: "node-identity", csr }]);
    const { subject } = decidedContent(issued(result));
    expect(Buffer.from(subject, "hex").toString("latin1")).toMatch(/m1$/);
  });
});

describe("an SSH public key", () => {
  test("with a comment gives the certificate that a bare one gives", async () => {
    const bare = sshLine.trim();
    const comments = ["root@m1", "root,admin *", 'command="/bin/sh"', "permit-pty from=10.0.0.0/8"];
    const lines = [bare, ...comments.map((comment) => `${bare} ${comment}`)];
    const results = await ask(lines.map((publicKey) => ({ grant: "ssh-host", publicKey })));
    const shown = await Promise.all(results.map((result) => showSshCertificate(issued(result))));
    expect(shown[0]?.principals).toEqual(["m1.demo.test", "m1", "127.0.0.1"]);
    for (const { decided } of shown) expect(decided).toBe(shown[0]?.decided);
  });

  test.each([
    ["options", (line: string) => `command="/bin/sh" ${line}`],
    ["options without a space", (line: string) => `permit-pty,from="*" ${line}`],
    ["cert-authority", (line: string) => `cert-authority ${line}`],
    ["a newline in its comment", (line: string) => `${line} a\ncommand="/bin/sh"`],
    ["a carriage return", (line: string) => `${line} a\r`],
    ["an escape sequence", (line: string) => `${line} \u001b[2J`],
    ["NUL", (line: string) => `${line} \0`],
    ["two keys", (line: string) => `${line}\n${line}`],
    ["a tab for a space", (line: string) => line.replace(" ", "\t")],
    ["another type than its own", (line: string) => line.replace("ssh-ed25519", "ssh-rsa")],
    ["base64 that is not canonical", (line: string) => `${line}=`],
  ])("with %s is refused", async (_, spoil) => {
    const [result] = await ask([{ grant: "ssh-host", publicKey: spoil(sshLine.trim()) }]);
    expect(refusal(result)).toMatch(/^key\.malformed: /);
  });
});

describe("the fields of a request", () => {
  test.each([
    [{ principals: ["root"] }, /^policy\.choice: .*ssh-host offers no choice/],
    [{ principals: ["m1", "postgres"] }, /^policy\.choice/],
    [{ lifetime: 60 * 86_400 + 1 }, /^policy\.lifetime_too_long: 5184001 s .* 5184000 s/],
    [{ lifetime: 2 ** 53 - 1 }, /^policy\.lifetime_too_long: 9007199254740991 s .* 5184000 s/],
  ])("%j are refused, and say why", async (field, want) => {
    const [result] = await ask([{ grant: "ssh-host", publicKey: sshLine, ...field }]);
    expect(refusal(result)).toMatch(want);
  });

  test("a reason changes nothing", async () => {
    const asked = { grant: "ssh-host", publicKey: sshLine };
    const [bare, reasoned] = await ask([asked, { ...asked, reason: "permit-pty root O=x" }]);
    const shown = await Promise.all([bare, reasoned].map((one) => showSshCertificate(issued(one))));
    expect(shown[1]?.decided).toBe(shown[0]?.decided);
  });

  test("another node's grant, and another node's name for one's own, are refused", async () => {
    const csr = await requests.make({ subject: "/CN=w1" });
    const [result] = await ask([{ grant: "registry", csr }]);
    expect(refusal(result)).toMatch(/^policy\.not_granted: grant registry goes to worker/);
  });
});
