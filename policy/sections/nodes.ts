import type { Node, Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { Entry, MapTree, Tree } from "../source/tree.ts";
import { canonicalAddress } from "../text/address.ts";
import { readFields } from "./fields.ts";
import { checkName, checkReferences, type Names } from "./reference.ts";
import { readList, readText } from "./values.ts";

/** The keys of a node. */
export const NODE_SHAPE = { roles: "required", address: "optional" } as const;

/** Reads `nodes:` of the policy, or of the inventory that it includes. */
export function readNodes(map: MapTree, roles: Names, report: Report): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  const addresses = new Map<string, { readonly node: string; readonly at: Written }>();
  for (const entry of map.entries) {
    const read = readNode(entry, roles, report);
    if (read === undefined) continue;
    nodes.set(read.node.name, read.node);
    if (read.address !== undefined) claimAddress(read.node.name, read.address, addresses, report);
  }
  return nodes;
}

function readNode(
  { key, value }: Entry,
  roles: Names,
  report: Report,
): { readonly node: Node; readonly address: Written | undefined } | undefined {
  const what = `node "${key.text}"`;
  checkName(key, "node", report);
  const fields = readFields(value, what, NODE_SHAPE, report);
  const [rolesTree, addressTree] = [fields?.("roles"), fields?.("address")];
  const list = rolesTree && readList(rolesTree, `roles of ${what}`, report);
  const address = addressTree && readAddress(addressTree, `address of ${what}`, report);
  if (list === undefined || !checkReferences(list, roles, "role", report)) return undefined;
  const common = { name: key.text, roles: list.map(({ text }) => text), place: key.place };
  return { node: address === undefined ? common : { ...common, address: address.text }, address };
}

/** An address in canonical text, so that equal addresses are equal texts. */
export function readAddress(tree: Tree, what: string, report: Report): Written | undefined {
  const written = readText(tree, what, report);
  if (written === undefined) return undefined;
  const text = canonicalAddress(written.text);
  if (text !== undefined) return { text, place: written.place };
  report.error("E304", written.place, `${what} "${written.text}" is no address`, {
    label: 'IPv4 as 10.18.60.11, IPv6 as "2001:db8::11"',
  });
  return undefined;
}

/** Says when `node` has the address of one that came before it. */
export function claimAddress(
  node: string,
  at: Written,
  claimed: Map<string, { readonly node: string; readonly at: Written }>,
  report: Report,
): void {
  const first = claimed.get(at.text);
  if (first === undefined) {
    claimed.set(at.text, { node, at });
    return;
  }
  report.error("E305", at.place, `address ${at.text} belongs to two nodes`, {
    label: `"${node}" and "${first.node}" cannot share it`,
    notes: [{ place: first.at.place, message: `first used by "${first.node}" here` }],
    help: "a node is recognised by its certificate and its address together",
  });
}
