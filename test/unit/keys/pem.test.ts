import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPem, parsePem } from "../../../keys/formats/pem.ts";

const der = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
const good = formatPem("CERTIFICATE", der);

test("any bytes, and back, with or without the last newline", () => {
  const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
    const text = formatPem("CERTIFICATE", bytes);
    expect(parsePem("CERTIFICATE", text)).toEqual(Buffer.from(bytes));
    expect(parsePem("CERTIFICATE", text.trimEnd())).toEqual(Buffer.from(bytes));
  });
  fc.assert(property);
});

describe("refuses", () => {
  test.for([
    ["nothing", ""],
    ["another label", formatPem("NEW CERTIFICATE", der)],
    ["two blocks", good + good],
    ["text before", `subject=x\n${good}`],
    ["text after", `${good}x`],
    ["a second newline", `${good}\n`],
    ["CR LF", good.replaceAll("\n", "\r\n")],
    ["a header", good.replace("\n", "\nProc-Type: 4\n\n")],
    ["lines of another length", good.replace(/\n(.)(.{63})\n/, "\n$1\n$2\n")],
    ["bits behind the end", good.replace(/(.)=/, (_, last) => `${last === "w" ? "x" : "w"}=`)],
    ["no padding", good.replaceAll("=", "")],
    ["url-safe base64", good.replaceAll("/", "_").replaceAll("A", "-")],
    ["no end", good.slice(0, good.indexOf("-----END"))],
    ["another end", good.replace("END CERTIFICATE", "END CERTIFICATES")],
    ["70 000 characters", formatPem("CERTIFICATE", Buffer.alloc(60_000))],
  ])("%s", ([, text = ""]) => expect(() => parsePem("CERTIFICATE", text)).toThrow("PEM: "));
});
