import { readFileSync } from "node:fs";
import type { Ask, Policy, Subject } from "../../../policy/decision.ts";
import { readPolicy } from "../../../policy/read.ts";
import { formatDiagnostic } from "../../../policy/render.ts";
import { runTests } from "../../../policy/tests.ts";

/** The reference policy of the language. */
export const EXAMPLE = readFileSync(
  new URL("../../fixtures/policy.example.yaml", import.meta.url),
  "utf8",
);

/** Replaces the first `from`, which must be there. */
export function edit(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new TypeError(`not in the text: ${from}`);
  return text.replace(from, () => to);
}

/** The policy that a text must be. */
export function readSound(text: string, include?: (name: string) => string | undefined): Policy {
  const reading = readPolicy(text, { file: "policy.yaml", ...(include && { include }) });
  if (reading.policy === undefined) throw new TypeError(messagesOf(text).join("\n"));
  return reading.policy;
}

/** Every message about a text as a person sees it, failed tests included. */
export function messagesOf(text: string): readonly string[] {
  const { policy, diagnostics } = readPolicy(text, { file: "policy.yaml" });
  const failed =
    policy === undefined ? [] : runTests(policy).flatMap((test) => test.diagnostic ?? []);
  return [...diagnostics, ...failed].map((diagnostic) => formatDiagnostic(diagnostic, () => text));
}

/** Codes of the messages about a text, in their order. */
export const codesOf = (text: string): readonly string[] =>
  messagesOf(text).map((message) => /\[([EW]\d{3})\]/.exec(message)?.[1] ?? "");

export const example = readSound(EXAMPLE);

export const node = (name: string): Subject => ({ kind: "node", node: name });
export const kerberos = (principal: string): Subject => ({ kind: "person", principal, in: [] });
export const person = (user: string, ...facts: readonly string[]): Subject => ({
  kind: "person",
  user,
  in: facts,
});

/** A user as the example's tests know them. */
export const alice = person("alice", "ldap:hyades-users", "ldap:active");
export const bob = person("bob", "ldap:hyades-oncall", "ldap:staff");
export const cela = kerberos("cela/root@EXAMPLE.EDU");

/** A request that has all that `ssh-root` wants. */
export const sshRoot: Ask = {
  grant: "ssh-root",
  from: "10.9.4.7",
  reason: "OSD 12 will not start",
};
