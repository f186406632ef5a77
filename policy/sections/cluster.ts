import type { Place } from "../diagnostic.ts";
import type { Cluster, Written } from "../model.ts";
import type { Report } from "../report.ts";
import type { Tree } from "../source/tree.ts";
import { parseAddress, parseRange, type Range } from "../text/address.ts";
import { isDnsName, isIdentifier } from "../text/name.ts";
import { asMap, readFields } from "./fields.ts";
import { checkName } from "./reference.ts";
import { readList, readText } from "./values.ts";

/** The keys of `cluster:`. */
export const CLUSTER_SHAPE = {
  name: "required",
  domain: "required",
  "internal-domain": "optional",
  realm: "optional",
  networks: "optional",
} as const;

/** Reads `cluster:`. */
export function readCluster(tree: Tree, place: Place, report: Report): Cluster | undefined {
  const fields = readFields(tree, "cluster", CLUSTER_SHAPE, report);
  if (fields === undefined) return undefined;
  const optional = (field: Tree | undefined, what: string, isSound: (text: string) => boolean) =>
    field && readName(field, `cluster ${what}`, isSound, report);
  const name = optional(fields("name"), "name", isIdentifier);
  const domain = optional(fields("domain"), "domain", isDomain);
  const internalDomain = optional(fields("internal-domain"), "internal-domain", isDomain);
  const realm = optional(fields("realm"), "realm", isRealm);
  const networks = readNetworks(fields("networks"), report);
  if (name === undefined || domain === undefined) return undefined;
  return {
    name,
    domain,
    ...(internalDomain === undefined ? {} : { internalDomain }),
    ...(realm === undefined ? {} : { realm }),
    networks,
    place,
  };
}

/** Whether `text` can be what names of machines end in. */
export const isDomain = (text: string): boolean => isDnsName(text) && !text.startsWith("*");
/** Whether `text` can be a Kerberos realm; those have capitals. */
export const isRealm = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/.test(text);

/** Reads a name that `isSound` judges. */
export function readName(
  tree: Tree,
  what: string,
  isSound: (text: string) => boolean,
  report: Report,
): string | undefined {
  const written = readText(tree, what, report);
  if (written === undefined || isSound(written.text)) return written?.text;
  report.error("E302", written.place, `${what} "${written.text}" is malformed`, {
    label: "lower-case letters, digits and hyphens; a realm may have capitals",
  });
  return undefined;
}

function readNetworks(
  tree: Tree | undefined,
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const networks = new Map<string, readonly string[]>();
  const map = tree && asMap(tree, "networks", report);
  for (const { key, value } of map?.entries ?? []) {
    checkName(key, "network", report);
    const list = readList(value, `network "${key.text}"`, report) ?? [];
    const ranges = list.filter((written) => readRange(written, report) !== undefined);
    networks.set(
      key.text,
      ranges.map(({ text }) => text),
    );
  }
  return networks;
}

/** Reads `ADDRESS/BITS`. */
export function readRange({ text, place }: Written, report: Report): Range | undefined {
  const range = parseRange(text);
  if (range !== undefined) return range;
  const [address = "", width] = text.split("/");
  const label =
    parseAddress(address) === undefined
      ? "no IPv4 or IPv6 address"
      : width === undefined
        ? "the number of leading bits is missing"
        : "the address has bits beyond those that count";
  report.error("E304", place, `"${text}" is no range of addresses`, {
    label,
    help: "for example 10.9.0.0/16",
  });
  return undefined;
}
