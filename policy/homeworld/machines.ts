import type { Place } from "../diagnostic.ts";
import type { Written } from "../model.ts";
import type { Report } from "../report.ts";
import { claimAddress, readAddress } from "../sections/nodes.ts";
import { checkName } from "../sections/reference.ts";
import { readText, readWord } from "../sections/values.ts";
import type { Tree } from "../source/tree.ts";
import { isInRange, type Range } from "../text/address.ts";
import { takeFields, type Findings } from "./take-fields.ts";

/** What a machine of Homeworld can be, in the order of a policy. */
export const KINDS = ["master", "worker", "supervisor"] as const;
/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** A machine of `nodes:`. */
export type Machine = {
  /** Its name under the external domain. */
  readonly name: string;
  readonly address: string;
  readonly kind: Kind;
  /** Where its name stands. */
  readonly place: Place;
};

/** A range of addresses as it was written, and under which key. */
export type Cidr = Written & { readonly what: string; readonly range: Range };

const NODE_KEYS = { hostname: "needed", ip: "needed", kind: "needed" } as const;

/** Reads `nodes:`; each name and each address stands once. */
export function readMachines(
  tree: Tree,
  range: Cidr | undefined,
  at: Findings,
): readonly Machine[] | undefined {
  const { report } = at;
  if (tree.kind !== "list" || tree.items.length === 0) {
    const says = tree.kind === "list" ? "is an empty list" : "must be a list";
    report.error(tree.kind === "list" ? "E306" : "E111", tree.place, `nodes ${says}`, {
      label: "one entry for each machine: hostname, ip, kind",
    });
    return undefined;
  }
  const names = new Map<string, Place>();
  const addresses = new Map<string, { readonly node: string; readonly at: Written }>();
  return tree.items.flatMap((item, index) => {
    const read = readMachine(item, `nodes[${index}].`, at);
    if (read === undefined) return [];
    const { name, address } = read;
    const first = names.get(name.text);
    names.set(name.text, first ?? name.place);
    if (first === undefined) claimAddress(name.text, address, addresses, report);
    else {
      report.error("E102", name.place, `hostname "${name.text}" is there twice`, {
        label: "two machines cannot have one name",
        notes: [{ place: first, message: "first here" }],
        help: "remove the entry that is not true any more",
      });
    }
    if (range !== undefined) checkInside(address, `ip of node "${name.text}"`, range, report);
    return [{ name: name.text, address: address.text, kind: read.kind, place: name.place }];
  });
}

type Read = { readonly name: Written; readonly address: Written; readonly kind: Kind };

function readMachine(tree: Tree, path: string, at: Findings): Read | undefined {
  const fields = takeFields(tree, { what: "an entry of nodes", path, keys: NODE_KEYS }, at);
  const [nameTree, ipTree, kindTree] = [fields?.("hostname"), fields?.("ip"), fields?.("kind")];
  const name = nameTree && readText(nameTree, "hostname", at.report);
  if (name !== undefined) checkName(name, "hostname", at.report);
  const what = name === undefined ? "ip" : `ip of node "${name.text}"`;
  const address = ipTree && readAddress(ipTree, what, at.report);
  const kind = kindTree && readWord(kindTree, "kind", KINDS, at.report);
  return name && address && kind && { name, address, kind };
}

/** Says when an address does not lie in the range that the same file gives for it. */
export function checkInside(address: Written, what: string, range: Cidr, report: Report): void {
  if (isInRange(address.text, range.range)) return;
  report.error("E304", address.place, `${what} ${address.text} is outside ${range.what}`, {
    label: `${range.what} is ${range.text}`,
    notes: [{ place: range.place, message: "the range is set here" }],
    help: "correct the one that is wrong; nothing was written",
  });
}
