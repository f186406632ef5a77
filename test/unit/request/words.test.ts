import fc from "fast-check";
import { Check } from "typebox/value";
import { describe, expect, test } from "vitest";
import { explainRefusal } from "../../../client/request/session/denial.ts";
import { explainKerberos } from "../../../client/request/proof/kerberos-failure.ts";
import { hostBased, verifyAnswer, type Stepping } from "../../../client/request/proof/negotiate.ts";
import { isForNodes } from "../../../client/request/session/people-words.ts";
import { findReason } from "../../../client/request/reason.ts";
import { parseDuration } from "../../../client/request/span.ts";
import { parseTicket } from "../../../client/request/proof/ticket.ts";
import { CertificateRequest, type RefusedGrant } from "../../../protocol/messages.ts";
import { problemOf } from "../../../protocol/problems.ts";

const SERVICE = "HTTP/m1.example.edu@EXAMPLE.EDU";
const UNSPECIFIED = "Unspecified GSS failure.  Minor code may provide more information: ";

describe("the server's answer", () => {
  const client = (more: Partial<Stepping>): Stepping => ({
    step: () => Promise.resolve(""),
    contextComplete: true,
    username: "cela@EXAMPLE.EDU",
    ...more,
  });
  const refuses = (text: string) => client({ step: () => Promise.reject(new Error(text)) });
  test("gives the own principal once the exchange is complete", async () =>
    expect(await verifyAnswer(client({}), SERVICE, "AA==")).toBe("cela@EXAMPLE.EDU"));
  test.for([
    { name: "leaves it incomplete", stepping: client({ contextComplete: false }), says: /prove/ },
    { name: "is no token", stepping: refuses("Invalid token was supplied"), says: /prove/ },
    {
      name: "comes after the ticket's end",
      stepping: refuses("The referenced context has expired: Success"),
      says: /your Kerberos ticket has expired/,
    },
  ])("that $name proves nothing, exit 6", async ({ stepping, says }) => {
    const message = expect.stringMatching(says);
    const failed = verifyAnswer(stepping, SERVICE, "AA==");
    await expect(failed).rejects.toMatchObject({ exit: 6, message });
  });
});

describe("what the Kerberos library says", () => {
  // Each text is what MIT Kerberos 1.20 wrote.
  test.for([
    {
      text: "No credentials were supplied, or the credentials were unavailable or inaccessible: SPNEGO cannot find mechanisms to negotiate",
      exit: 6,
      says: /you have no Kerberos ticket/,
      hint: /^kinit$/,
    },
    { text: `${UNSPECIFIED}Ticket expired`, exit: 6, says: /ticket has expired/, hint: /^kinit$/ },
    {
      text: `${UNSPECIFIED}Server HTTP/m1.example.edu@EXAMPLE.EDU not found in Kerberos database`,
      exit: 6,
      says: /the KDC knows no service HTTP\/m1.example.edu@EXAMPLE.EDU/,
      hint: /operator/,
    },
    {
      text: `${UNSPECIFIED}Server krbtgt/EXAMPLE.EDU@ELSEWHERE not found in Kerberos database`,
      exit: 6,
      says: /of another realm, from which no trust leads to EXAMPLE.EDU/,
      hint: /^kinit NAME@REALM/,
    },
    {
      text: `${UNSPECIFIED}Cannot contact any KDC for realm 'OTHER.REALM'`,
      exit: 4,
      says: /the KDC of OTHER.REALM does not answer/,
      hint: /kinit/,
    },
    {
      text: "Cannot contact any KDC: no answer in time",
      exit: 4,
      says: /the KDC of EXAMPLE.EDU does not answer/,
      hint: /kinit/,
    },
    {
      text: `${UNSPECIFIED}Cannot find KDC for realm "EXAMPLE.EDU"`,
      exit: 4,
      says: /no KDC of EXAMPLE.EDU is known on this machine/,
      hint: /krb5.conf/,
    },
    {
      text: "The referenced context has expired: Success",
      exit: 6,
      says: /ticket has expired/,
      hint: /^kinit$/,
    },
    { text: `${UNSPECIFIED}Clock skew too great`, exit: 7, says: /clock/, hint: /chronyc/ },
    {
      text: "something\nelse",
      exit: 6,
      says: /gives no ticket for HTTP.*: something else$/,
      hint: /klist/,
    },
  ])("$text: exit $exit", ({ text, exit, says, hint }) => {
    expect(explainKerberos(SERVICE, new Error(text))).toMatchObject({
      exit,
      message: expect.stringMatching(says),
      hints: expect.arrayContaining([expect.stringMatching(hint)]),
    });
  });

  test.for([
    "",
    "HTTP",
    "HTTP/host",
    "HTTP/ho st@R",
    "HTTP/host@R\0",
    "a/b/c@R",
    "HTTP@host",
    "/h@R",
  ])("%j is no service to ask a ticket for", (service) =>
    expect(() => hostBased(service)).toThrow(/no service principal/),
  );
  test("a service is asked for by its host", () =>
    expect(hostBased(SERVICE)).toBe("HTTP@m1.example.edu"));
});

const refused = (more: Partial<RefusedGrant>): RefusedGrant => ({
  grant: "ssh-root",
  problem: problemOf("policy.not_granted", "the server's words"),
  to: ["root-admins"],
  missing: ["kerberos:cela/root@EXAMPLE.EDU or kerberos:huy/root@EXAMPLE.EDU"],
  ...more,
});

describe("a refusal", () => {
  test.for<{ subject: string; more?: Partial<RefusedGrant>; message: string; hint: RegExp }>([
    {
      subject: "kerberos:cela@EXAMPLE.EDU",
      message: "denied: cela@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU is",
      hint: /^kinit cela\/root$/,
    },
    {
      subject: "kerberos:cela/admin@EXAMPLE.EDU",
      message: "denied: cela/admin@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU is",
      hint: /^kinit cela\/root$/,
    },
    {
      subject: "kerberos:alice@EXAMPLE.EDU",
      message:
        "denied: alice@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU and huy/root@EXAMPLE.EDU are",
      hint: /keyreq why ssh-root/,
    },
    {
      // the same name in another realm is somebody else
      subject: "kerberos:cela@OTHER.REALM",
      message:
        "denied: cela@OTHER.REALM is not in root-admins; cela/root@EXAMPLE.EDU and huy/root@EXAMPLE.EDU are",
      hint: /keyreq why ssh-root/,
    },
    {
      // a password proves no principal, whatever the user is called
      subject: "ldap:cela@EXAMPLE.EDU",
      message:
        "denied: cela@EXAMPLE.EDU is not in root-admins; cela/root@EXAMPLE.EDU and huy/root@EXAMPLE.EDU are",
      hint: /keyreq why ssh-root/,
    },
    {
      subject: "kerberos:alice@EXAMPLE.EDU",
      more: { to: ["oncall"], missing: ["ldap:hyades-oncall"] },
      message: "denied: alice@EXAMPLE.EDU is not in oncall: ldap:hyades-oncall is missing",
      hint: /keyreq grants/,
    },
    {
      subject: "kerberos:alice@EXAMPLE.EDU",
      more: { to: ["users"], missing: ["ldap:a or gitlab:b", "ldap:active"] },
      message:
        "denied: alice@EXAMPLE.EDU is not in users: (ldap:a or gitlab:b) and ldap:active are missing",
      hint: /keyreq grants/,
    },
    {
      subject: "kerberos:alice@EXAMPLE.EDU",
      more: { problem: problemOf("policy.never", "never rule x"), missing: [] },
      message: "denied: never rule x",
      hint: /keyreq grants/,
    },
  ])("$subject: $message", ({ subject, more = {}, message, hint }) => {
    const failure = explainRefusal(subject, refused(more));
    expect(failure).toMatchObject({ exit: 3, message, hints: [expect.stringMatching(hint)] });
  });

  test("that a silent directory stands behind is none: exit 4", () => {
    const problem = problemOf("directory.unavailable", "cannot decide: oncall needs ldap");
    expect(explainRefusal("kerberos:a@R", refused({ problem }))).toMatchObject({
      exit: 4,
      message: "cannot decide: oncall needs ldap",
    });
  });

  test.for([
    { more: { to: ["master", "worker"], missing: ["one of master, worker"] }, is: true },
    { more: { to: ["users"], missing: ["ldap:a"] }, is: false },
    { more: { to: [], missing: [] }, is: false },
  ])("of what is for nodes: $is", ({ more, is }) => expect(isForNodes(refused(more))).toBe(is));
});

const nobody = {
  isInteractive: () => false,
  ask: () => Promise.reject(new TypeError("asked")),
  askSecret: () => Promise.reject(new TypeError("asked")),
};
const somebody = (says: string, questions: string[] = []) => ({
  ...nobody,
  isInteractive: () => true,
  ask: (question: string) => {
    questions.push(question);
    return Promise.resolve(says);
  },
});
const ROOT = { grant: "ssh-root", reason: "required" } as const;

describe("a reason", () => {
  test("comes from the flag, then the environment, then the person", async () => {
    const environment = { KEYREQ_REASON: "from the environment" };
    const questions: string[] = [];
    const terminal = somebody(" typed ", questions);
    const what = "root login";
    expect(await findReason({ environment, terminal }, ROOT, { given: "flag" })).toBe("flag");
    expect(await findReason({ environment, terminal }, ROOT, {})).toBe("from the environment");
    expect(questions).toEqual([]);
    expect(await findReason({ environment: {}, terminal }, ROOT, { what })).toBe("typed");
    expect(questions).toEqual(["reason for root login (logged): "]);
  });
  test("is not asked for where the grant wants none", async () => {
    const terminal = somebody("x");
    const offer = { grant: "ssh-login" };
    expect(await findReason({ environment: {}, terminal }, offer, {})).toBeUndefined();
    expect(await findReason({ environment: {}, terminal }, offer, { given: "mine" })).toBe("mine");
  });
  test.for([
    { name: "nobody to ask", terminal: nobody },
    { name: "nothing typed", terminal: somebody("  ") },
  ])("missing, with $name: exit 6 and the ways to give one", async ({ terminal }) => {
    const hints = [expect.stringMatching(/--reason.*KEYREQ_REASON/)];
    const failed = findReason({ environment: {}, terminal }, ROOT, {});
    await expect(failed).rejects.toMatchObject({ exit: 6, hints });
  });
  test.for(["a\nb", "a\u001b[2Jb", "a\u202eb", "a".repeat(257), "a\u0000b", "a\u2028b"])(
    "%j is refused, exit 2",
    async (given) => {
      const failed = findReason({ environment: {}, terminal: nobody }, ROOT, { given });
      await expect(failed).rejects.toMatchObject({ exit: 2 });
    },
  );
  test("is either what the server's schema takes, untouched but for its ends, or refused", async () => {
    const sent = fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (given) => {
      const attempt = findReason({ environment: {}, terminal: nobody }, ROOT, { given });
      const reason = await attempt.catch(() => undefined);
      if (reason === undefined) return;
      expect(reason).toBe(given.trim());
      expect(Check(CertificateRequest, { grant: "g", reason })).toBe(true);
    });
    await fc.assert(sent);
  });
});

describe("a span of time", () => {
  test.for([
    ["90s", 90],
    ["15m", 900],
    ["1h30m", 5400],
    ["2d", 172_800],
  ] as const)("%s is %d s", ([text, seconds]) =>
    expect(parseDuration("--ttl", text)).toBe(seconds),
  );
  test.for(["", "0s", "90", "1.5h", "-1h", "1h ", "1w", "h", "1h30", "99999999d", "١h"])(
    "%j is none",
    (text) => {
      const refusal = { exit: 2, message: expect.stringMatching(/^--ttl/) };
      expect(() => parseDuration("--ttl", text)).toThrow(expect.objectContaining(refusal));
    },
  );
});

describe("klist", () => {
  const head =
    "Ticket cache: FILE:/tmp/x\nDefault principal: cela/root@EXAMPLE.EDU\n\nValid starting     Expires            Service principal\n";
  test("shows principal and end of the ticket for tickets", () => {
    const lines =
      "11/21/26 13:20:22  11/22/26 13:20:22  krbtgt/EXAMPLE.EDU@EXAMPLE.EDU\n" +
      "11/21/26 13:20:22  11/30/26 13:20:22  HTTP/m1@EXAMPLE.EDU\n" +
      "11/21/26 13:20:22  11/29/26 13:20:22  krbtgt/OTHER@EXAMPLE.EDU\n";
    const expires = Date.parse("2026-11-22T13:20:22Z");
    expect(parseTicket(head + lines)).toEqual({ principal: "cela/root@EXAMPLE.EDU", expires });
  });
  test("a cache without a ticket has only a principal", () =>
    expect(parseTicket(head)).toEqual({ principal: "cela/root@EXAMPLE.EDU" }));
  test("anything else is no ticket", () => expect(parseTicket("klist: no")).toBeUndefined());
});
