import type { Grant } from "../model.ts";
import type { Report } from "../report.ts";
import type { MapTree, Tree } from "../source/tree.ts";
import type { Fields } from "./fields.ts";

/** What a test can say about a request, and about nothing else. */
const OF_REQUEST: readonly string[] = ["from", "choose", "lifetime", "node", "expect"];

/** Beside a list of grants, what speaks of a request would be read over: nothing is asked for. */
export function refuseKeysOfRequest({ entries }: MapTree, report: Report): void {
  const vain = entries.map(({ key }) => key).filter(({ text }) => OF_REQUEST.includes(text));
  const [first] = vain;
  if (first === undefined) return;
  const names = vain.map(({ text }) => `"${text}"`).join(" and ");
  report.error("E110", first.place, `${names} beside "holds-exactly" in a test`, {
    label: "holds-exactly asks for nothing: it lists grants",
    help: "make a test of its own: { as: …, ask: GRANT, from: …, expect: … }",
  });
}

/** Whether what a test says about its request means something for the grant that it asks for. */
export function checkKeysOfRequest(
  ask: Tree,
  { name, verb }: Grant,
  fields: Fields<"lifetime" | "node">,
  report: Report,
): void {
  const [lifetime, node] = [fields("lifetime"), fields("node")];
  if (node && verb !== "admit")
    report.error("E110", node.place, `grant "${name}" is given without naming a node`, {
      label: "only an admission is of a node",
    });
  if (lifetime && (verb === "fetch" || verb === "operate"))
    report.error("E110", lifetime.place, `grant "${name}" has no lifetime to ask for`, {
      label: "what it gives does not end by itself",
    });
  if (verb === "admit" && fields.lacks("node"))
    report.error("E112", ask.place, `test has no "node"`, {
      label: "which one is to be admitted?",
    });
}

/** Fields of a plan without a certificate; a certificate has all the others. */
const FIELDS_WITHOUT: Readonly<Record<Exclude<Grant["verb"], "issue">, readonly string[]>> = {
  fetch: ["file"],
  admit: [],
  operate: [],
};

/** Whether what a test expects is there at all in what the grant gives. */
export function checkExpectation(expect: Tree, { name, verb }: Grant, report: Report): void {
  if (expect.kind !== "map") return;
  const isThere = (field: string): boolean =>
    verb === "issue" ? field !== "file" : FIELDS_WITHOUT[verb].includes(field);
  const vain = expect.entries.find(({ key }) => !isThere(key.text))?.key;
  if (vain === undefined) return;
  report.error("E110", vain.place, `grant "${name}" gives nothing with a "${vain.text}"`, {
    label: LABELS[verb],
    help: "expect: allowed, or denied",
  });
}

const LABELS = {
  issue: "a certificate is no file",
  fetch: 'of a file, only "file" can be expected',
  admit: "an admission has no fields to expect",
  operate: "an action has no fields to expect",
} as const satisfies Record<Grant["verb"], string>;
