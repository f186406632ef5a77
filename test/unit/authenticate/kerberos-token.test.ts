import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { derElement } from "../../../keys/formats/der-writer.ts";
import { KeysystemError } from "../../../protocol/problems.ts";
import { checkToken } from "../../../server/authenticate/kerberos-token.ts";
import { formatInitialToken, MECHANISM, type TokenParts } from "../../harness/spnego-token.ts";

const KERBEROS_TOKEN = Buffer.from("6003060100", "hex");

/** The refusal's message, or "taken". */
function verdict(text: string): string {
  try {
    checkToken(text);
    return "taken";
  } catch (error) {
    if (error instanceof KeysystemError && error.code === "auth.kerberos") return error.message;
    throw error;
  }
}

const initial = (parts: Partial<TokenParts> = {}): Buffer =>
  formatInitialToken({ mechanisms: [MECHANISM.kerberos], token: KERBEROS_TOKEN, ...parts });
const base64 = (bytes: Buffer): string => bytes.toString("base64");

const NOT_BASE64 = "the Negotiate token is not base64";
const NOT_SPNEGO = "the Negotiate token is not one of SPNEGO";
const OTHER = "the Negotiate token prefers another mechanism, not Kerberos";
const NTLM = "the Negotiate token prefers NTLM, not Kerberos";

describe("taken", () => {
  test.for([
    ["Kerberos alone", {}],
    ["Kerberos as Windows wrote it", { mechanisms: [MECHANISM.microsoft, MECHANISM.kerberos] }],
    ["Kerberos before others", { mechanisms: [MECHANISM.kerberos, MECHANISM.ntlm] }],
    ["with flags", { flags: Buffer.of(0x03, 0x02, 0x01, 0x06) }],
    ["with a checksum of the list", { checksum: derElement(0x04, Buffer.alloc(16)) }],
  ] as const)("%s", ([, parts]) => {
    expect(verdict(base64(initial(parts)))).toBe("taken");
  });
});

describe("refused before it reaches native code", () => {
  test.for([
    ["nothing", "", NOT_BASE64],
    ["a word", "garbage", NOT_BASE64],
    ["unpadded base64", base64(initial()).replace(/=+$/, ""), NOT_BASE64],
    ["base64url", "-_-_", NOT_BASE64],
    ["base64 with a line end", `${base64(initial())}\n`, NOT_BASE64],
    ["base64 with a NUL", `${base64(initial())}\0`, NOT_BASE64],
    ["base64 with more behind it", `${base64(initial())}====`, NOT_BASE64],
    ["two tokens", `${base64(initial())}, ${base64(initial())}`, NOT_BASE64],
    ["base64 with bits left over", "YB==", NOT_BASE64],
    ["random bytes", base64(Buffer.from("garbage!")), NOT_SPNEGO],
    ["NTLM itself", base64(Buffer.from("NTLMSSP\0\u0001\0\0\0")), NTLM],
    ["NTLM preferred", base64(initial({ mechanisms: [MECHANISM.ntlm] })), NTLM],
    [
      "NTLM before Kerberos",
      base64(initial({ mechanisms: [MECHANISM.ntlm, MECHANISM.kerberos] })),
      NTLM,
    ],
    // IAKERB would have the server ask KDCs of the client's choice.
    ["IAKERB", base64(initial({ mechanisms: [MECHANISM.iakerb, MECHANISM.kerberos] })), OTHER],
    ["no mechanism", base64(initial({ mechanisms: [] })), NOT_SPNEGO],
    ["no token along", base64(initial({ token: undefined })), NOT_SPNEGO],
    [
      "Kerberos without SPNEGO",
      base64(derElement(0x60, MECHANISM.kerberos, KERBEROS_TOKEN)),
      NOT_SPNEGO,
    ],
    ["another frame", base64(initial({ frame: MECHANISM.ntlm })), NOT_SPNEGO],
    ["a later token of SPNEGO", base64(derElement(0xa1, derElement(0x30))), NOT_SPNEGO],
    ["bytes behind the token", base64(Buffer.concat([initial(), Buffer.of(0)])), NOT_SPNEGO],
  ] as const)("%s", ([, text, message]) => {
    expect(verdict(text)).toBe(message);
  });

  test("too long", () => {
    const most = base64(initial({ token: Buffer.alloc(12_200) }));
    expect(most.length).toBeLessThanOrEqual(16_384);
    expect(verdict(most)).toBe("taken");
    const more = base64(initial({ token: Buffer.alloc(12_300) }));
    expect(verdict(more)).toBe("the Negotiate token is longer than 16384 characters");
  });

  test("cut anywhere", () => {
    const whole = initial({ flags: Buffer.of(0x03, 0x02, 0x01, 0x06) });
    for (let end = 1; end < whole.length; end += 1) {
      expect(verdict(base64(whole.subarray(0, end))), `${end} bytes`).toBe(NOT_SPNEGO);
    }
  });

  test("any text, without any other error", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.uint8Array().map((bytes) => base64(Buffer.from(bytes))),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(verdict(text)).not.toBe("taken");
      }),
      { numRuns: 2000 },
    );
  });
});
