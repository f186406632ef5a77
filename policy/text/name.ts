/** Names of things in the file: nodes, roles, groups, grants, authorities, rules. */
export const isIdentifier = (text: string): boolean =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

/**
 * Whether `text` is a DNS name in lower-case A-labels (RFC 1123 §2.1, RFC 5890 §2.3.2.1), with `*`
 * as the whole first label at most (RFC 6125 §6.4.3).
 */
export function isDnsName(text: string): boolean {
  if (text.length > 253) return false;
  const rest = text.startsWith("*.") && text.includes(".", 2) ? text.slice(2) : text;
  // An all-numeric last label would be taken for an address.
  return LABELS.test(rest) && !/(?:^|\.)[0-9]+$/.test(rest);
}

const LABELS = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether an SSH principal is safe to write: no comma, space, control character or pattern. */
export const isPrincipalName = (text: string): boolean =>
  /^[A-Za-z0-9_][A-Za-z0-9_.@/-]{0,254}$/.test(text);

/** Whether a part of a subject's name is safe to write: printable ASCII, nothing that DN syntax gives meaning to. */
export const isSubjectPart = (text: string): boolean =>
  /^[A-Za-z0-9_.:@/ -]+$/.test(text) && text.trim() === text;

/** Whether the writer seems to have meant a regular expression. */
export const looksLikePattern = (text: string): boolean => /[\^$()[\]{}|\\+?]|\.\*/.test(text);

/** Whether a wildcard name is written as a wildcard may be. */
export const hasWildcard = (text: string): boolean => text.startsWith("*.");
