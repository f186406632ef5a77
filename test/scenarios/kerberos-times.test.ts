import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../harness/clock.ts";
import {
  type KerberosSite,
  PASSWORD,
  SERVICE,
  startKerberosSite,
  verdictOf,
} from "../harness/kerberos-site.ts";
import type { SpnegoAcceptor } from "../harness/spnego.ts";

const ALICE = "alice@EXAMPLE.EDU";
const folder = mkdtempSync(join(tmpdir(), "kerberos-times-"));
let clock: FakeClock;
let site: KerberosSite;
let acceptor: SpnegoAcceptor;

// The KDC's clock is moved, and clients follow it, as libkrb5 does by itself (kdc_timesync): so it is the acceptor's
// that differs, which libfaketime cannot move since the package opens libkrb5 with RTLD_DEEPBIND.
beforeAll(async () => {
  clock = createFakeClock(join(folder, "clock"));
  site = await startKerberosSite({ env: clock.env });
  await site.kdc.addPrincipal(ALICE, PASSWORD);
  acceptor = await site.acceptor();
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Offers a ticket from a KDC whose clock is that much off. */
async function offer(offset: string, lifetime: string) {
  clock.set(offset);
  const client = await site.client(ALICE, { lifetime });
  return acceptor.accept(await client.token(SERVICE));
}

test.for([
  { offset: "+0", lifetime: "10h", verdict: ALICE },
  { offset: "-4m", lifetime: "10h", verdict: ALICE },
  { offset: "+4m", lifetime: "10h", verdict: ALICE },
  { offset: "-6m", lifetime: "10h", verdict: "auth.clock" },
  { offset: "+6m", lifetime: "10h", verdict: "auth.clock" },
  { offset: "-1d", lifetime: "10h", verdict: "auth.kerberos" },
  { offset: "+1d", lifetime: "10h", verdict: "auth.clock" },
  // The ticket ended ten minutes ago here, and the client does not know it.
  { offset: "-20m", lifetime: "10m", verdict: "auth.kerberos" },
  // Five minutes are forgiven at a ticket's end too.
  { offset: "-4m", lifetime: "1m", verdict: ALICE },
])(
  "clocks $offset apart, a ticket for $lifetime: $verdict",
  async ({ offset, lifetime, verdict }) => {
    expect(verdictOf(await offer(offset, lifetime))).toBe(verdict);
  },
);

const HERE = /: here it is 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

test("a refusal for the time says the server's, and what is wrong", async () => {
  const apart = /^the clocks differ by more than Kerberos allows/;
  const expired = /^the Kerberos ticket has expired/;
  const cases = [
    { refusal: await offer("-1h", "10h"), words: apart, cause: "Clock skew too great" },
    { refusal: await offer("+1h", "10h"), words: apart, cause: "Ticket not yet valid" },
    { refusal: await offer("-1h", "10m"), words: expired, cause: "Ticket expired" },
  ];
  for (const { refusal, words, cause } of cases) {
    expect(refusal).toMatchObject({ cause });
    const message = "message" in refusal ? refusal.message : "";
    expect(message).toMatch(words);
    expect(message).toMatch(HERE);
    const said = Date.parse(message.slice(-20));
    expect(Math.abs(said - Date.now())).toBeLessThan(60_000);
  }
});
