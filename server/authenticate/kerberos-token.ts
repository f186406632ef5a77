import { type DerReader, readDer, TAG } from "../../keys/formats/der-reader.ts";
import { FormatError } from "../../keys/formats/format-error.ts";
import { KeysystemError } from "../../protocol/problems.ts";

/** Characters of base64; no longer header reaches a route. */
const LONGEST = 16 * 1024;

/** RFC 2743 §3.1: the frame of a first token. */
const FRAME = 0x60;
const FIELD = { 0: 0xa0, 1: 0xa1, 2: 0xa2, 3: 0xa3 } as const;

/** 1.3.6.1.5.5.2 (RFC 4178 §3.1) */
const SPNEGO = "2b0601050502";
/** 1.2.840.113554.1.2.2 (RFC 4121), and the same as Windows before 2008 wrote it. */
const KERBEROS: readonly string[] = ["2a864886f712010202", "2a864882f712010202"];
/** 1.3.6.1.4.1.311.2.2.10 */
const NTLM = "2b06010401823702020a";
const NTLM_SIGNATURE = "NTLMSSP\0";

/**
 * Checks that the text after `Negotiate` is base64 (RFC 4648 §4) of a first SPNEGO token whose preferred mechanism is
 * Kerberos and that brings a Kerberos token along, so that one round is all and nothing else reaches native code.
 *
 * @throws KeysystemError `auth.kerberos`
 */
export function checkToken(text: string): void {
  if (text.length > LONGEST) {
    throw refused(`the Negotiate token is longer than ${LONGEST} characters`);
  }
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.toString("base64") !== text) {
    throw refused("the Negotiate token is not base64");
  }
  const mechanism = readMechanism(bytes);
  if (KERBEROS.includes(mechanism)) return;
  throw refused(
    `the Negotiate token prefers ${mechanism === NTLM ? "NTLM" : "another mechanism"}, not Kerberos`,
  );
}

/** The mechanism that the client prefers, and sent a token for. */
function readMechanism(bytes: Buffer): string {
  if (bytes.toString("latin1").startsWith(NTLM_SIGNATURE)) return NTLM;
  try {
    return readDer(bytes, FRAME, readFrame);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw refused("the Negotiate token is not one of SPNEGO", error);
  }
}

function readFrame(frame: DerReader): string {
  if (frame.oid() !== SPNEGO) throw new FormatError("not SPNEGO");
  return frame.enter(FIELD[0], (choice) => choice.enter(TAG.sequence, readInitial));
}

/** NegTokenInit (RFC 4178 §4.2.1). */
function readInitial(fields: DerReader): string {
  const first = fields.enter(FIELD[0], (list) => list.enter(TAG.sequence, readMechanisms));
  if (fields.next(FIELD[1])) fields.content(FIELD[1]);
  fields.enter(FIELD[2], (token) => token.content(TAG.octetString));
  if (fields.next(FIELD[3])) fields.content(FIELD[3]);
  return first;
}

function readMechanisms(list: DerReader): string {
  const first = list.oid();
  while (!list.done) list.oid();
  return first;
}

const refused = (message: string, cause?: Error): KeysystemError =>
  new KeysystemError("auth.kerberos", message, { cause });
