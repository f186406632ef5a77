import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createKerberosAuthenticator } from "../../../server/authenticate/kerberos.ts";
import type { KerberosContext } from "../../../server/authenticate/kerberos-library.ts";
import { setKerberosEnvironment } from "../../../server/authenticate/kerberos-library.ts";
import { explainRefusal } from "../../../server/authenticate/kerberos-refusal.ts";
import { formatInitialToken, MECHANISM } from "../../harness/spnego-token.ts";

const SERVICE = "HTTP/m1.example.edu@EXAMPLE.EDU";
const NOON = Date.UTC(2026, 10, 21, 12) / 1000;
const TOKEN = formatInitialToken({
  mechanisms: [MECHANISM.kerberos],
  token: Buffer.of(1),
}).toString("base64");

const COMPLETE: KerberosContext = {
  step: () => Promise.resolve("b2s="),
  contextComplete: true,
  username: "alice@EXAMPLE.EDU",
  targetName: SERVICE,
};

/** The authenticator over what no real exchange brings about: contexts that lie, and native code that stalls. */
function authenticatorOf(context: Partial<KerberosContext>) {
  return createKerberosAuthenticator({
    library: {
      initializeServer: () => Promise.resolve({ ...COMPLETE, ...context }),
      principalDetails: () => Promise.resolve(SERVICE),
    },
    service: SERVICE,
    now: () => NOON,
  });
}

describe("a context", () => {
  test("that is complete, answers and names both sides is taken", async () => {
    expect(await authenticatorOf({})(TOKEN)).toEqual({
      principal: "alice@EXAMPLE.EDU",
      primary: "alice",
      realm: "EXAMPLE.EDU",
      answer: "b2s=",
    });
  });

  test.for<[string, Partial<KerberosContext>]>([
    ["is not complete", { contextComplete: false }],
    ["gives no answer", { step: () => Promise.resolve(null) }],
    ["gives an empty answer", { step: () => Promise.resolve("") }],
    ["is for another service", { targetName: "HTTP/m2.example.edu@EXAMPLE.EDU" }],
    ["is for the service in another case", { targetName: SERVICE.toLowerCase() }],
    ["is for the service of another realm", { targetName: "HTTP/m1.example.edu@OTHER.REALM" }],
    ["is for no service", { targetName: "" }],
    ["names nobody", { username: "" }],
    ["names no realm", { username: "alice" }],
    ["names somebody with an escape", { username: String.raw`alice\@EXAMPLE.EDU@OTHER.REALM` }],
    ["names anonymous", { username: "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS" }],
  ])("that %s is refused", async ([, context]) => {
    await expect(authenticatorOf(context)(TOKEN)).rejects.toMatchObject({ code: "auth.kerberos" });
  });
});

describe("native code that stalls", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("holds nobody for longer than five seconds, and two threads at most", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let stalled = 0;
    const authenticate = authenticatorOf({
      step() {
        stalled += 1;
        return new Promise(() => undefined);
      },
    });
    const results = Array.from({ length: 258 }, () =>
      expect(authenticate(TOKEN)).rejects.toMatchObject({
        code: "auth.unavailable",
        message: "no ticket could be checked within 5 s",
      }),
    );
    await turn();
    await expect(authenticate(TOKEN)).rejects.toMatchObject({ code: "server.busy" });
    vi.advanceTimersByTime(5000);
    await Promise.all(results);
    expect(stalled).toBe(2);
  });

  test("is not bothered with tokens that are none", async () => {
    let asked = 0;
    const authenticate = authenticatorOf({
      step() {
        asked += 1;
        return Promise.resolve("b2s=");
      },
    });
    for (const text of ["", "garbage", "TlRMTVNTUAAB", "A".repeat(20_000)]) {
      await expect(authenticate(text)).rejects.toMatchObject({ code: "auth.kerberos" });
    }
    expect(asked).toBe(0);
  });
});

const UNSPECIFIED = "Unspecified GSS failure.  Minor code may provide more information: ";
const explain = (words: string) =>
  explainRefusal(new Error(words), { service: SERVICE, now: NOON });

describe("the words of GSS-API", () => {
  // Those that the tests against a real KDC cannot bring about, or that a client may try to bring about.
  test.for([
    ["Cannot decrypt ticket for HTTP/m9@A using keytab key for HTTP/m1@A", "auth.kerberos"],
    ["Invalid token was supplied: Unknown error", "auth.kerberos"],
    [`${UNSPECIFIED}Permission denied (filename: /var/lib/replay.cache)`, "auth.unavailable"],
    [`${UNSPECIFIED}No space left on device (filename: /replay.cache)`, "auth.unavailable"],
    [`${UNSPECIFIED}Request ticket server Request is a replay`, "auth.kerberos"],
    [`${UNSPECIFIED}Request ticket server x (filename: y) kvno 1 found`, "auth.kerberos"],
    [`${UNSPECIFIED}Request ticket server Clock skew too great not found`, "auth.kerberos"],
    ["something new", "auth.kerberos"],
  ])("%s: %s", ([words = "", code]) => {
    expect(explain(words).code).toBe(code);
  });

  test("say the server's time", () => {
    expect(explain(`${UNSPECIFIED}Clock skew too great`).message).toBe(
      "the clocks differ by more than Kerberos allows: here it is 2026-11-21T12:00:00Z",
    );
  });

  test("reach neither callers nor logs as they are", () => {
    const hostile = `HTTP/\u001b[2J\u202e${"x".repeat(9000)}@A`;
    const { message, cause } = explain(
      `${UNSPECIFIED}Request ticket server ${hostile} not found in keytab (ticket kvno 1)`,
    );
    expect(message).toMatch(/^the ticket is for HTTP\/\?\[2J\?x+, but this keyserver is HTTP\/m1/);
    expect(message.length).toBeLessThan(300);
    const words = cause instanceof Error ? cause.message : "";
    expect(words).toMatch(/^Request ticket server HTTP\/\?\[2J\?x+$/);
    expect(words.length).toBeLessThanOrEqual(512);
  });
});

test("libkrb5 is told of its files, and older variables are taken away", () => {
  const environment = { KRB5RCACHETYPE: "none", KRB5RCACHEDIR: "/", KRB5_KTNAME: "/x", HOME: "/" };
  setKerberosEnvironment({ keytab: "/k", replayCache: "/r" }, environment);
  expect(environment).toEqual({
    KRB5_KTNAME: "FILE:/k",
    KRB5RCACHENAME: "file2:/r",
    HOME: "/",
  });
});
