import { expect, test } from "vitest";
import type { Subject } from "../../../../policy/decision.ts";
import { parseSubject } from "../../../../policy/effects/subject.ts";
import { cela, example, node, person } from "../example.ts";

const FACT = "ldap:staff";

test.each<readonly [string, readonly string[], Subject | undefined]>([
  ["w3", [], node("w3")],
  ["node:w3", [], node("w3")],
  ["node:w9", [], node("w9")],
  ["w9", [], person("w9")],
  ["cela/root@EXAMPLE.EDU", [], cela],
  ["kerberos:cela/root@EXAMPLE.EDU", [], cela],
  ["a@B", [FACT], { kind: "person", principal: "a@B", in: [FACT] }],
  ["root", [], { kind: "root" }],
  ["ldap:root", [], person("root")],
  // Whoever has facts is a person, whatever else the name could be.
  ["root", [FACT], person("root", FACT)],
  ["w3", [FACT], person("w3", FACT)],
  ["alice", [], person("alice")],
  ["ldap:alice", [FACT], person("alice", FACT)],
  // and what can be nobody's name is nobody
  ["", [], undefined],
  ["Alice", [], undefined],
  ["gitlab:alice", [], undefined],
  ["ldap:cela@EXAMPLE.EDU", [], undefined],
  ["kerberos:cela", [], undefined],
  ["kerberos:", [], undefined],
  ["@EXAMPLE.EDU", [], undefined],
  ["cela@EXAMPLE.EDU\n", [], undefined],
])("%j with %j", (text, facts, subject) => {
  expect(parseSubject(example, text, facts)).toEqual(subject);
});
