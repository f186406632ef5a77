import { createPrivateKey, X509Certificate } from "node:crypto";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { kubeCommand, type KubeFlags } from "../../../client/request/commands/kube.ts";
import {
  anchorOf,
  clientOffer,
  failureOf,
  makeIssuedPerson,
  typing,
  type IssuedPerson,
} from "./issuing.ts";
import { NOW } from "./person.ts";

const USER = clientOffer("kube-user", "kubernetes");
const ADMIN = clientOffer("kube-admin", "kubernetes", { reason: "required" });
const MINUTE = 60_000;

const Answer = Type.Object({
  apiVersion: Type.String(),
  status: Type.Object({
    clientCertificateData: Type.String(),
    clientKeyData: Type.String(),
    expirationTimestamp: Type.String(),
  }),
});

/** What kubectl hands to its plugin. */
const execInfo = (more: object = {}, version = "v1"): string =>
  JSON.stringify({
    kind: "ExecCredential",
    apiVersion: `client.authentication.k8s.io/${version}`,
    spec: { interactive: false, ...more },
  });

const run = (person: IssuedPerson, flags: KubeFlags = {}, words: readonly string[] = []) =>
  kubeCommand(person.deps, person.output(), words, flags);

describe("keyreq kube --exec-credential", () => {
  test.for(["v1", "v1beta1", "v1alpha1"])("answers %s with one document", async (version) => {
    const environment = { KUBERNETES_EXEC_INFO: execInfo({}, version) };
    const person = makeIssuedPerson([USER], { environment });
    expect(await run(person, { execCredential: true })).toBe(0);
    const answer: unknown = JSON.parse(person.said.out);
    expect(answer).toEqual({
      apiVersion: `client.authentication.k8s.io/${version}`,
      kind: "ExecCredential",
      status: {
        expirationTimestamp: "2027-01-15T09:00:00Z",
        clientCertificateData: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
        clientKeyData: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/),
      },
    });
  });
  test("gives a certificate that fits its key and its time, and v1 where nobody asks for a version", async () => {
    const person = makeIssuedPerson([USER]);
    await run(person, { execCredential: true });
    const { apiVersion, status } = Value.Parse(Answer, JSON.parse(person.said.out));
    const { clientCertificateData, clientKeyData, expirationTimestamp } = status;
    const certificate = new X509Certificate(clientCertificateData);
    expect(apiVersion).toBe("client.authentication.k8s.io/v1");
    expect(certificate.checkPrivateKey(createPrivateKey(clientKeyData))).toBe(true);
    expect(certificate.subject).toBe("CN=kube-user:cela");
    expect(certificate.verify(new X509Certificate(anchorOf("kubernetes")).publicKey)).toBe(true);
    expect(Date.parse(expirationTimestamp)).toBe(certificate.validToDate.getTime());
    expect(Date.parse(expirationTimestamp)).toBe(NOW + 60 * MINUTE);
  });
  test.for([true, false])("prints nothing else, quiet and json or not (%s)", async (json) => {
    const person = makeIssuedPerson([USER]);
    await kubeCommand(person.deps, person.output(json), [], { execCredential: true });
    expect(Object.keys(JSON.parse(person.said.out))).toEqual(["apiVersion", "kind", "status"]);
  });
  test.for([
    { info: "{", says: /holds no ExecCredential/ },
    { info: "[]", says: /holds no ExecCredential/ },
    { info: execInfo({}, "v2"), says: /of version v1 or v1beta1/ },
    { info: execInfo({ interactive: "yes" }), says: /holds no ExecCredential/ },
    { info: execInfo().replace("ExecCredential", "TokenReview"), says: /holds no ExecCredential/ },
  ])("refuses $info", async ({ info, says }) => {
    const person = makeIssuedPerson([USER], { environment: { KUBERNETES_EXEC_INFO: info } });
    const failure = await failureOf(run(person, { execCredential: true }));
    expect(failure).toMatchObject({ exit: 2, message: expect.stringMatching(says) });
    expect([person.said.out, person.requests.length]).toEqual(["", 0]);
  });
  test.for([
    { info: execInfo({ interactive: false }), terminal: true, reason: undefined },
    // kubectl before 1.22 does not say
    { info: execInfo({ interactive: undefined }), terminal: true, reason: "typed" },
    { info: execInfo({ interactive: undefined }), terminal: false, reason: undefined },
    { info: execInfo({ interactive: true }), terminal: true, reason: "typed" },
    { info: execInfo({ interactive: true }), terminal: false, reason: undefined },
    { info: undefined, terminal: true, reason: "typed" },
    { info: undefined, terminal: false, reason: undefined },
  ])(
    "asks for a reason only where it may: $info, $terminal",
    async ({ info, terminal, reason }) => {
      const person = makeIssuedPerson([ADMIN], {
        environment: info === undefined ? {} : { KUBERNETES_EXEC_INFO: info },
        ...(terminal ? { terminal: typing("typed") } : {}),
      });
      const work = run(person, { execCredential: true });
      if (reason === undefined) {
        expect(await failureOf(work)).toMatchObject({
          exit: 6,
          message: expect.stringMatching(/^kube-admin needs a reason/),
        });
        expect(person.said.out).toBe("");
      } else {
        expect(await work).toBe(0);
        expect(person.requests).toMatchObject([{ reason }]);
      }
    },
  );
  test("lets no password be asked for where kubectl forbids it", async () => {
    const person = makeIssuedPerson([USER], {
      environment: { KUBERNETES_EXEC_INFO: execInfo() },
      terminal: typing("secret"),
      how: { kind: "password", user: "cela", from: "terminal" },
    });
    const { edge } = person;
    edge.trust = { ...edge.trust, people: { passwords: true } };
    expect(await failureOf(run(person, { execCredential: true }))).toMatchObject({
      exit: 6,
      message: "kubectl lets nobody be asked: password of cela:",
    });
  });
  test("runs nothing", async () => {
    const person = makeIssuedPerson([USER]);
    const failure = await failureOf(run(person, { execCredential: true }, ["kubectl"]));
    expect(failure).toMatchObject({ exit: 2, hints: ["keyreq kube -- kubectl …"] });
  });
});
