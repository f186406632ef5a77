import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run, runOk } from "../harness/command.ts";
import type { KerberosEnvironment } from "../harness/kdc.ts";
import {
  type KerberosSite,
  PASSWORD,
  SERVICE,
  startKerberosSite,
  verdictOf,
} from "../harness/kerberos-site.ts";
import { startSpnegoClient } from "../harness/spnego.ts";

// A service that the KDC trusts to delegate, and that holds no ticket of alice's: all it can do is ask the KDC for
// tickets in her name (MS-SFU).
const GREEDY = "HTTP/greedy.example.edu";
let site: KerberosSite;
let greedy: KerberosEnvironment;

beforeAll(async () => {
  site = await startKerberosSite();
  await site.kdc.addPrincipal("alice@EXAMPLE.EDU", PASSWORD);
  await site.kdc.addPrincipal(`${GREEDY}@EXAMPLE.EDU`, PASSWORD);
  await site.kdc.administer("EXAMPLE.EDU", "modprinc", "+ok_to_auth_as_delegate", GREEDY);
  greedy = await site.kdc.kinit(`${GREEDY}@EXAMPLE.EDU`, PASSWORD, { args: ["-f"] });
});
afterAll(() => site[Symbol.asyncDispose]());

/** Asks for a ticket in alice's name, into a cache of its own. */
const kvno = (cache: string, ...args: readonly string[]) => ({
  cache: `FILE:${join(site.folder, cache)}`,
  args: ["--out-cache", join(site.folder, cache), "-U", "alice", ...args],
  options: { env: { ...greedy, PATH: "/usr/bin:/bin" } },
});

describe("a ticket that a service asked for in somebody's name", () => {
  test("to itself is one for another service here", async () => {
    const { cache, args, options } = kvno("self", GREEDY);
    await runOk("kvno", args, options);
    await using client = startSpnegoClient({ ...greedy, KRB5CCNAME: cache });
    const acceptor = await site.acceptor();
    const refusal = await acceptor.accept(await client.token("HTTP@greedy.example.edu"));
    expect(refusal).toMatchObject({ code: "auth.kerberos" });
    expect("message" in refusal && refusal.message).toContain(`is for ${GREEDY}@EXAMPLE.EDU, but`);
  });

  test("to the keyserver is not given, unless the KDC's database names both", async () => {
    const { args, options } = kvno("proxy", "-P", SERVICE.replace("@", "/"));
    const { code, stderr } = await run("kvno", args, options);
    expect(code).toBe(1);
    expect(stderr).toContain("constrained delegation failed");
  });
});

test("a token that brings the whole ticket along counts like any other", async () => {
  // GSS_C_DELEG_FLAG: the server gets the ticket, and has no use for it.
  const client = await site.client("alice@EXAMPLE.EDU", { args: ["-f"] });
  const acceptor = await site.acceptor();
  const token = await client.token(SERVICE, { flags: 0x3 });
  expect(verdictOf(await acceptor.accept(token))).toBe("alice@EXAMPLE.EDU");
  expect(verdictOf(await acceptor.accept(token))).toBe("auth.replayed");
});
