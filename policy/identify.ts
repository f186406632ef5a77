import type { Subject } from "./decision.ts";

/** How a subject is written in key IDs, logs and answers: `node:w3`, `kerberos:P`, `ldap:U`, `root`. */
export function subjectText(subject: Subject): string {
  switch (subject.kind) {
    case "node":
      return `node:${subject.node}`;
    case "person":
      if (subject.principal !== undefined) return `kerberos:${subject.principal}`;
      return `ldap:${subject.user ?? ""}`;
    case "root":
      return "root";
  }
}

/** How a subject is called in a sentence: without the source of its name. */
export function subjectName(subject: Subject): string {
  switch (subject.kind) {
    case "node":
      return printable(subject.node);
    case "person":
      return printable(subject.principal ?? subject.user ?? "a person without a name");
    case "root":
      return "root";
  }
}

/** What somebody else wrote, harmless in a message: short, on one line and without control characters. */
export const printable = (text: string): string =>
  text.slice(0, 128).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
