import { expect, test } from "vitest";
import { helpOf } from "../../../protocol/command-line/help-of.ts";
import { PROGRAMS } from "./programs.ts";

test.for([
  { line: "keyserver", help: "keyserver --help" },
  { line: "keyserver polcy", help: "keyserver --help" },
  { line: "keyserver policy chek", help: "keyserver policy --help" },
  { line: "keyserver node admit", help: "keyserver node admit --help" },
  { line: "keyserver node admit node", help: "keyserver node admit --help" },
  { line: "keyserver --root policy node frob", help: "keyserver node --help" },
  { line: "keyserver --json policy check --bogus", help: "keyserver policy check --help" },
  { line: "keyclient once --root run", help: "keyclient once --help" },
  { line: "keyclient hook tset", help: "keyclient hook --help" },
  { line: "keyreq --cluster get why", help: "keyreq why --help" },
  { line: "keyreq kube -- kubectl get", help: "keyreq kube --help" },
  { line: "keyreq -- get", help: "keyreq --help" },
])("$line is helped by $help", ({ line, help }) => {
  const [name, ...args] = line.split(" ");
  const found = PROGRAMS.find((program) => program.name === name);
  expect(found && helpOf(found.command, args)).toBe(help);
});
