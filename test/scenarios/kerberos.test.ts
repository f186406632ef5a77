import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookupName, parsePrincipal } from "../../server/authenticate/principal.ts";
import {
  type KerberosSite,
  PASSWORD,
  SERVICE,
  SERVICE_PRINCIPAL,
  startKerberosSite,
  verdictOf,
} from "../harness/kerberos-site.ts";
import type { SpnegoAcceptor } from "../harness/spnego.ts";
import { formatInitialToken, MECHANISM } from "../harness/spnego-token.ts";

const REALM = "EXAMPLE.EDU";
let site: KerberosSite;
let acceptor: SpnegoAcceptor;

beforeAll(async () => {
  site = await startKerberosSite({ realms: [REALM, "OTHER.REALM", "example.edu"] });
  await site.kdc.addPrincipal(`alice@${REALM}`, PASSWORD);
  acceptor = await site.acceptor();
});
afterAll(() => site[Symbol.asyncDispose]());

/** Gets a ticket for a new principal and offers it. */
async function offer(principal: string): Promise<string> {
  if (principal !== `alice@${REALM}`) await site.kdc.addPrincipal(principal, PASSWORD);
  const client = await site.client(principal);
  return verdictOf(await acceptor.accept(await client.token(SERVICE)));
}

describe("who a ticket stands for", () => {
  // Only the first of these may be asked about in a directory of EXAMPLE.EDU as alice.
  test.for([
    { principal: "alice@EXAMPLE.EDU", primary: "alice" },
    { principal: "ALICE@EXAMPLE.EDU", primary: "ALICE" },
    { principal: "root@EXAMPLE.EDU", primary: "root" },
    { principal: "alice@OTHER.REALM", primary: undefined },
    { principal: "alice@example.edu", primary: undefined },
    { principal: "alice/admin@EXAMPLE.EDU", primary: undefined },
    { principal: "host/n1@EXAMPLE.EDU", primary: undefined },
    { principal: "host/n1.example.edu@OTHER.REALM", primary: undefined },
  ])("$principal is itself, and $primary in the directory", async ({ principal, primary }) => {
    expect(await offer(principal)).toBe(principal);
    const name = lookupName(parsePrincipal(principal), REALM);
    expect(name).toEqual(
      primary === undefined ? undefined : { kind: "principal", principal, primary },
    );
  });

  test.for([
    // as kinit -E asks for them: the whole of alice@other.realm as one component
    String.raw`alice\@other.realm@EXAMPLE.EDU`,
    String.raw`alice\@EXAMPLE.EDU@EXAMPLE.EDU`,
    String.raw`alice\@EXAMPLE.EDU@OTHER.REALM`,
    "alice/admin/really@EXAMPLE.EDU",
    "al ice@EXAMPLE.EDU",
    "alice,root@EXAMPLE.EDU",
    "*@EXAMPLE.EDU",
    "älice@EXAMPLE.EDU",
    // Anonymous itself needs PKINIT at the KDC; its name is refused like those beside it (RFC 6111).
    "WELLKNOWN/NOBODY@EXAMPLE.EDU",
    "WELLKNOWN@OTHER.REALM",
  ])("%s is nobody", async (principal) => {
    expect(await offer(principal)).toBe("auth.kerberos");
  });
});

describe("the service", () => {
  test("proves itself, and nothing else does in its place", async () => {
    const client = await site.client(`alice@${REALM}`);
    const [first, second, third] = await Promise.all([
      client.token(SERVICE),
      client.token(SERVICE),
      client.token(SERVICE),
    ]);
    const answers = [await acceptor.accept(first), await acceptor.accept(second)];
    const [own = "", other = ""] = answers.map((given) => ("answer" in given ? given.answer : ""));
    expect(await client.verify(first, other)).not.toBe("complete");
    expect(await client.verify(second, other)).toBe("complete");
    const damaged = own.replace(/.{6}$/, "AAAAAA");
    expect(await client.verify(third, damaged)).not.toBe("complete");
  });

  test("is exactly one, whatever else is in the keytab", async () => {
    const other = "HTTP/m2.example.edu@EXAMPLE.EDU";
    await site.kdc.addService(other, site.keytab);
    const client = await site.client(`alice@${REALM}`);
    const refusal = await acceptor.accept(await client.token("HTTP@m2.example.edu"));
    expect(refusal).toEqual({
      code: "auth.kerberos",
      message: `the ticket is for ${other}, but this keyserver is ${SERVICE_PRINCIPAL}`,
      cause: "",
    });
    // The name beside a ticket is not protected (RFC 4120 §5.3): what counts is whose key opens it.
    const token = Buffer.from(await client.token("HTTP@m2.example.edu"), "base64");
    const renamed = Buffer.from(token.toString("latin1").replace("m2.ex", "m1.ex"), "latin1");
    expect(renamed.equals(token)).toBe(false);
    expect(verdictOf(await acceptor.accept(renamed.toString("base64")))).toBe("auth.kerberos");
  });

  test.for(["HTTP@m3.example.edu", "host@m1.example.edu", "http@m1.example.edu"])(
    "%s is another one",
    async (service) => {
      const principal = `${service.replace("@", "/")}@${REALM}`;
      await site.kdc.addService(principal, `${site.keytab}-of-another`);
      const client = await site.client(`alice@${REALM}`);
      const refusal = await acceptor.accept(await client.token(service));
      expect(refusal).toMatchObject({
        code: "auth.kerberos",
        message: `the ticket is for ${principal}, but this keyserver is ${SERVICE_PRINCIPAL}`,
      });
    },
  );
});

describe("tokens", () => {
  test("with anything inside are refused, and the next good one is taken", async () => {
    const client = await site.client(`alice@${REALM}`);
    const good = Buffer.from(await client.token(SERVICE), "base64");
    const inside = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      fc.nat(good.length - 1).map((end) => good.subarray(0, end)),
      fc.constant(Buffer.from("NTLMSSP\0\u0001\0\0\0")),
    );
    const hostile = fc.asyncProperty(inside, async (token) => {
      const whole = formatInitialToken({ mechanisms: [MECHANISM.kerberos], token });
      const verdict = verdictOf(await acceptor.accept(whole.toString("base64")));
      expect(verdict).toBe("auth.kerberos");
    });
    await fc.assert(hostile, { numRuns: 300 });
    expect(verdictOf(await acceptor.accept(good.toString("base64")))).toBe(`alice@${REALM}`);
  });

  test("that want a second round are refused", async () => {
    // GSS_C_DCE_STYLE: the client has the last word, so that one token authenticates nobody.
    const client = await site.client(`alice@${REALM}`);
    const token = await client.token(SERVICE, { flags: 0x1002 });
    expect(await acceptor.accept(token)).toMatchObject({
      code: "auth.kerberos",
      message: "the Kerberos exchange wants more than one round",
    });
  });

  test("of Kerberos without SPNEGO are refused", async () => {
    const client = await site.client(`alice@${REALM}`);
    const token = await client.token(SERVICE, { mechanism: "krb5" });
    expect(await acceptor.accept(token)).toMatchObject({
      code: "auth.kerberos",
      message: "the Negotiate token is not one of SPNEGO",
    });
  });

  test("with a bit of ticket or authenticator changed are refused", async () => {
    const client = await site.client(`alice@${REALM}`);
    const token = Buffer.from(await client.token(SERVICE), "base64");
    // Behind the names, which are not protected.
    for (let at = 220; at < token.length; at += 23) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const verdict = verdictOf(await acceptor.accept(changed.toString("base64")));
      expect(verdict, `byte ${at}`).toBe("auth.kerberos");
    }
    expect(verdictOf(await acceptor.accept(token.toString("base64")))).toBe(`alice@${REALM}`);
  });
});
