import type { Policy, Subject } from "../decision.ts";
import { isValueOf } from "../text/template.ts";

/**
 * Reads a subject as people write it: `w3`, `node:w3`, `cela/root@REALM`, `kerberos:cela@REALM`,
 * `alice`, `ldap:alice`, and `root` for root on the master; `facts` are a person's
 * (`ldap:GROUP`). Undefined for what can be nobody's name.
 */
export function parseSubject(
  { nodes }: Policy,
  text: string,
  facts: readonly string[],
): Subject | undefined {
  const [, source, rest = ""] = /^(node|kerberos|ldap):(.*)$/s.exec(text) ?? [];
  if (source === "node") return { kind: "node", node: rest };
  if (source === "kerberos" || (source === undefined && text.includes("@")))
    return personCalled("principal", source === undefined ? text : rest, facts);
  if (source === undefined && facts.length === 0) {
    if (nodes.has(text)) return { kind: "node", node: text };
    if (text === "root") return { kind: "root" };
  }
  return personCalled("user", source === undefined ? text : rest, facts);
}

function personCalled(
  as: "user" | "principal",
  name: string,
  facts: readonly string[],
): Subject | undefined {
  if (!isValueOf(as, name)) return undefined;
  return { kind: "person", ...(as === "user" ? { user: name } : { principal: name }), in: facts };
}
