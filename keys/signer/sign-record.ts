import { hash } from "node:crypto";
import { closeSync, fchownSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import type { Subject } from "../../policy/decision.ts";
import { subjectText } from "../../policy/identify.ts";
import type { Issued } from "./claim.ts";
import type { Account } from "./account.ts";

/**
 * The signer's own record: one JSON line for each signature, written before the certificate leaves.
 * keyserver cannot change it, so that a certificate missing in the ledger shows here.
 */
export type SignRecord = {
  /** Appends the lines of one batch in one write. @throws the system's error; then nothing may leave. */
  append(entries: readonly RecordEntry[]): void;
  /** Syncs and closes. */
  close(): void;
};

/** One signature, as it is recorded. */
export type RecordEntry = {
  readonly at: number;
  readonly serial: string;
  readonly subject: Subject | { readonly kind: "keyserver" };
  readonly policy: string;
  readonly issued: Issued;
};

/** Opens the record for appending, creating it with mode 0600 and, where root starts us, its owner. */
export function openSignRecord(path: string, owner?: Account): SignRecord {
  const file = openSync(path, "a", 0o600);
  if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
  let torn = false;
  return {
    append(entries) {
      // A write that was cut short by a full disk left half a line; the next one begins a new line.
      const lines = (torn ? "\n" : "") + entries.map(formatEntry).join("");
      const bytes = Buffer.from(lines);
      torn = true;
      if (writeSync(file, bytes) !== bytes.length) throw new Error("the sign record is full");
      torn = false;
    },
    close() {
      fdatasyncSync(file);
      closeSync(file);
    },
  };
}

function formatEntry({ at, serial, subject, policy, issued }: RecordEntry): string {
  const { authority, grant, notBefore, notAfter } = issued;
  const certificate = hash("sha256", issued.certificate);
  const who = subject.kind === "keyserver" ? "keyserver" : subjectText(subject);
  // prettier-ignore
  const entry = { at, authority, serial, grant, subject: who, notBefore, notAfter, certificate, policy };
  return `${JSON.stringify(entry)}\n`;
}
