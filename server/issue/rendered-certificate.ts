import type { IssuePlan } from "../../policy/decision.ts";
import type { IssuedCertificate } from "../../protocol/messages.ts";
import type { IssuedRecord } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import { renewalWindow } from "./renewal-window.ts";

type Rendered = Pick<IssuedRecord, "serial" | "notBefore" | "notAfter" | "certificate" | "at">;

/** A recorded certificate as it goes to the caller. */
export function renderCertificate(
  plan: Pick<IssuePlan, "grant">,
  record: Rendered,
): IssuedCertificate {
  const { after, before } = renewalWindow(record.at, record.notAfter - record.at);
  const { serial, notBefore, notAfter } = record;
  return {
    grant: plan.grant,
    certificate: formatCertificate(record.certificate),
    chain: [],
    serial,
    notBefore: formatTime(notBefore),
    notAfter: formatTime(notAfter),
    renew: { after: formatTime(after), before: formatTime(before) },
  };
}

/** The first byte of every DER certificate: SEQUENCE. An SSH certificate begins with a length below 2^24. */
const DER_SEQUENCE = 0x30;

/** A certificate as text: PEM for DER, one OpenSSH line for an SSH blob. */
export function formatCertificate(certificate: Uint8Array): string {
  const bytes = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.length);
  return bytes[0] === DER_SEQUENCE ? formatPem(bytes) : formatSshLine(bytes);
}

/** RFC 7468 §2: 64 characters a line. */
function formatPem(der: Buffer): string {
  const text = der.toString("base64");
  let lines = "-----BEGIN CERTIFICATE-----\n";
  for (let at = 0; at < text.length; at += 64) lines += `${text.slice(at, at + 64)}\n`;
  return `${lines}-----END CERTIFICATE-----\n`;
}

/** One line of OpenSSH: the type that the blob begins with, and the blob. */
function formatSshLine(blob: Buffer): string {
  const type = blob.toString("latin1", 4, 4 + blob.readUInt32BE(0));
  return `${type} ${blob.toString("base64")}`;
}
