import type { Subject } from "../decision.ts";
import type { Place } from "../diagnostic.ts";
import type { Expectation, ExpectedField, Grant, PolicyTest, Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { Tree } from "../source/tree.ts";
import { isValueOf } from "../text/template.ts";
import type { Declarations } from "./declarations.ts";
import { readFields, type Fields } from "./fields.ts";
import { readAddress } from "./nodes.ts";
import { checkFact } from "./people.ts";
import { checkReference, checkReferences } from "./reference.ts";
import { checkExpectation, checkKeysOfRequest, refuseKeysOfRequest } from "./test-keys.ts";
import { readDuration, readList, readText } from "./values.ts";

/** The keys of a test. */
export const TEST_SHAPE = {
  as: "required",
  ask: "optional",
  from: "optional",
  choose: "optional",
  lifetime: "optional",
  node: "optional",
  expect: "optional",
  "holds-exactly": "optional",
} as const;
type Key = keyof typeof TEST_SHAPE;

/** The keys of a person in a test. */
export const PERSON_SHAPE = { user: "optional", principal: "optional", in: "optional" } as const;

/** The fields of a plan that a test can expect. */
export const EXPECTED_FIELDS = {
  principals: "optional",
  lifetime: "optional",
  cn: "optional",
  o: "optional",
  names: "optional",
  usage: "optional",
  extensions: "optional",
  "source-address": "optional",
  file: "optional",
} as const;
const FIELD_NAMES = Object.keys(EXPECTED_FIELDS);

/** What tests are read against: also the grants that could be read. */
type Setting = Declarations & { readonly readable: ReadonlyMap<string, Grant> };

/** Reads `tests:`. */
export function readTests(tree: Tree, declared: Setting): readonly PolicyTest[] {
  if (tree.kind !== "list") {
    declared.report.error("E111", tree.place, "tests must be a list");
    return [];
  }
  return tree.items.map((item) => readTest(item, declared)).filter((test) => test !== undefined);
}

type Who = { readonly as: Subject; readonly title: string; readonly place: Place };

function readTest(tree: Tree, declared: Setting): PolicyTest | undefined {
  const { report } = declared;
  const fields = readFields(tree, "test", TEST_SHAPE, report);
  const asTree = fields?.("as");
  const who = asTree && readSubject(asTree, declared);
  const [ask, holds] = [fields?.("ask"), fields?.("holds-exactly")];
  if (fields === undefined) return undefined;
  if ((ask === undefined) === (holds === undefined)) {
    const isTold = !ask && !(fields.lacks("ask") && fields.lacks("holds-exactly"));
    if (asTree && !isTold)
      report.error("E112", asTree.place, `test needs either "ask" or "holds-exactly"`);
    return undefined;
  }
  if (ask !== undefined) return readAsk(ask, fields, who, declared);
  if (tree.kind === "map") refuseKeysOfRequest(tree, report);
  return holds && who && readHolds(holds, tree, who, declared);
}

function readHolds(
  tree: Tree,
  test: Tree,
  who: Who,
  { grants, report }: Declarations,
): PolicyTest | undefined {
  // Nothing at all is a fair expectation, and the only list of a policy that may be empty.
  const list =
    tree.kind === "list" && tree.items.length === 0 ? [] : readList(tree, "holds-exactly", report);
  if (!list || !checkReferences(list, grants, "grant", report)) return undefined;
  const key =
    test.kind === "map"
      ? test.entries.find((entry) => entry.key.text === "holds-exactly")
      : undefined;
  const place = key?.key.place ?? tree.place;
  return { ...who, place, kind: "holds-exactly", grants: list.map(({ text }) => text) };
}

function readAsk(
  tree: Tree,
  fields: Fields<Key>,
  who: Who | undefined,
  declared: Setting,
): PolicyTest | undefined {
  const { report } = declared;
  const grant = readText(tree, "ask of a test", report);
  if (grant) checkReference(grant, declared.grants, "grant", report);
  const expectTree = fields("expect");
  if (fields.lacks("expect"))
    report.error("E112", tree.place, `test has no "expect"`, { label: "what is to come of it?" });
  const expect = expectTree && readExpectation(expectTree, declared);
  const [from, choose, lifetime, node] = [
    fields("from"),
    fields("choose"),
    fields("lifetime"),
    fields("node"),
  ];
  const address = from && readAddress(from, "from of a test", report);
  const chosen = choose && readList(choose, "choose of a test", report);
  const seconds = lifetime && readDuration(lifetime, "lifetime of a test", report);
  const admitted = node && readText(node, "node of a test", report);
  if (admitted) checkReference(admitted, declared.nodes, "node", report);
  const asked = grant && declared.readable.get(grant.text);
  if (asked) checkKeysOfRequest(tree, asked, fields, report);
  if (asked && expectTree) checkExpectation(expectTree, asked, report);
  if (!grant || !who || !expect || !expectTree) return undefined;
  return {
    ...who,
    kind: "ask",
    grant: grant.text,
    ...(address && { from: address.text }),
    ...(chosen && { choose: chosen.map(({ text }) => text) }),
    ...(seconds !== undefined && { lifetime: seconds }),
    ...(admitted && { node: admitted.text }),
    expect,
    expectPlace: expectTree.place,
  };
}

/** A node's name, a Kerberos principal, or a person with facts. */
function readSubject(tree: Tree, declared: Declarations): Who | undefined {
  if (tree.kind === "map") return readPerson(tree, declared);
  const { report } = declared;
  const written = readText(tree, "as of a test", report);
  if (written === undefined) return undefined;
  const { text, place } = written;
  if (text.includes("@")) {
    return checkPrincipal(written, report)
      ? { as: { kind: "person", principal: text, in: [] }, title: text, place }
      : undefined;
  }
  return checkReference(written, declared.nodes, "node", report)
    ? { as: { kind: "node", node: text }, title: text, place }
    : undefined;
}

function checkPrincipal({ text, place }: Written, report: Report): boolean {
  const isSound = isValueOf("principal", text);
  if (!isSound)
    report.error("E302", place, `"${text}" is no Kerberos principal`, {
      label: "primary[/instance]@REALM",
    });
  return isSound;
}

/** A person's principal is who asks, and no group that a directory could tell of. */
function checkMembership(fact: Written, { directories, report }: Declarations): void {
  if (!fact.text.startsWith("kerberos:"))
    return checkFact(fact, directories, report, "ldap:GROUP or gitlab:PATH");
  report.error("E302", fact.place, `"${fact.text}" is no membership`, {
    label: "this is who somebody is; in: lists what a directory says of them",
    help: `write principal: ${fact.text.slice("kerberos:".length)} beside it`,
  });
}

function readPerson(tree: Tree, declared: Declarations): Who | undefined {
  const { report } = declared;
  const fields = readFields(tree, "as of a test", PERSON_SHAPE, report);
  const [userTree, principalTree, inTree] = [
    fields?.("user"),
    fields?.("principal"),
    fields?.("in"),
  ];
  const user = userTree && readText(userTree, "user of a test", report);
  const principal = principalTree && readText(principalTree, "principal of a test", report);
  const facts = inTree ? readList(inTree, "in of a test", report) : [];
  if (principal) checkPrincipal(principal, report);
  for (const fact of facts ?? []) checkMembership(fact, declared);
  if (fields === undefined || facts === undefined) return undefined;
  const title = user?.text ?? principal?.text;
  if (title === undefined) {
    if (fields.lacks("user") && fields.lacks("principal"))
      report.error("E112", tree.place, `as of a test needs "user" or "principal"`);
    return undefined;
  }
  const as: Subject = {
    kind: "person",
    ...(principal && { principal: principal.text }),
    ...(user && { user: user.text }),
    in: facts.map(({ text }) => text),
  };
  return { as, title, place: tree.place };
}

function readExpectation(tree: Tree, { report }: Declarations): Expectation | undefined {
  if (tree.kind === "map") {
    if (!readFields(tree, "expect", EXPECTED_FIELDS, report)) return undefined;
    const known = tree.entries.filter(({ key }) => FIELD_NAMES.includes(key.text));
    const fields = known.map(({ key, value }) => readExpected(key.text, value, report));
    if (tree.entries.length === 0) report.error("E306", tree.place, "expect is empty");
    return { kind: "fields", fields: fields.filter((field) => field !== undefined) };
  }
  const written = readText(tree, "expect of a test", report);
  if (written?.text === "allowed" || written?.text === "denied") return { kind: written.text };
  if (written)
    report.error("E201", written.place, `unknown value "${written.text}" for expect`, {
      label: "allowed, denied or { field: value }",
    });
  return undefined;
}

function readExpected(field: string, tree: Tree, report: Report): ExpectedField | undefined {
  if (field === "lifetime") {
    const seconds = readDuration(tree, "lifetime of expect", report);
    return seconds === undefined ? undefined : { field, values: [String(seconds)] };
  }
  const list = readList(tree, `${field} of expect`, report);
  return list && { field, values: list.map(({ text }) => text) };
}
