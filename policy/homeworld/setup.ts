import type { Diagnostic, Place } from "../diagnostic.ts";
import type { Written } from "../model.ts";
import { createReport } from "../report.ts";
import { isDomain, isRealm, readName, readRange } from "../sections/cluster.ts";
import { readAddress } from "../sections/nodes.ts";
import { readText } from "../sections/values.ts";
import { readDocument } from "../source/document.ts";
import type { Tree } from "../source/tree.ts";
import { readAdmins } from "./admins.ts";
import type { Left } from "./left.ts";
import { checkInside, readMachines, type Cidr, type Machine } from "./machines.ts";
import { takeFields, type Findings } from "./take-fields.ts";

/** What of a Homeworld `setup.yaml` decides which certificates there are. */
export type Setup = {
  /** `external-domain`: under it are the names of machines. */
  readonly domain: string;
  readonly internalDomain: string;
  readonly realm?: string;
  /** `service-api`, canonical: the address of the API server inside the cluster. */
  readonly serviceApi: string;
  /** `cidr-nodes`. */
  readonly nodeRange?: string;
  /** Kerberos principals, each once. */
  readonly admins: readonly Written[];
  readonly machines: readonly Machine[];
  /** Where the file begins, for what is wrong with all of it. */
  readonly place: Place;
};

/** A reading of `setup.yaml`: `setup` is there exactly when no diagnostic is an error. */
export type SetupReading = {
  readonly setup?: Setup;
  readonly diagnostics: readonly Diagnostic[];
  /** What the file says beyond certificates, in the order of the file. */
  readonly left: readonly Left[];
};

const SETUP_KEYS = {
  cluster: "needed",
  addresses: "needed",
  "root-admins": "needed",
  nodes: "needed",
} as const;
const CLUSTER_KEYS = {
  "external-domain": "needed",
  "internal-domain": "needed",
  "kerberos-realm": "taken",
} as const;
const ADDRESS_KEYS = {
  "service-api": "needed",
  "cidr-nodes": "taken",
  "cidr-services": "checked",
} as const;

/** Reads a `setup.yaml` of any age of Homeworld; throws for no input. `file` is how messages call it. */
export function readSetup(text: string, file: string): SetupReading {
  const at: Findings = { report: createReport(), left: [] };
  const tree = readDocument(text, file, at.report);
  const setup = tree && readTree(tree, at);
  const left = at.left.toSorted((a, b) => a.place.line - b.place.line);
  const found = { diagnostics: at.report.diagnostics(), left };
  return setup === undefined || at.report.hasErrors() ? found : { ...found, setup };
}

function readTree(tree: Tree, at: Findings): Setup | undefined {
  const fields = takeFields(tree, { what: "setup.yaml", path: "", keys: SETUP_KEYS }, at);
  if (fields === undefined) return undefined;
  const [clusterTree, addressTree] = [fields("cluster"), fields("addresses")];
  const [adminTree, nodeTree] = [fields("root-admins"), fields("nodes")];
  const cluster = clusterTree && readCluster(clusterTree, at);
  const addresses = addressTree && readAddresses(addressTree, at);
  const admins = adminTree && readAdmins(adminTree, at);
  const machines = nodeTree && readMachines(nodeTree, addresses?.nodes, at);
  if (!cluster || !addresses?.serviceApi || !admins || !machines) return undefined;
  const { nodes, serviceApi } = addresses;
  const realm = cluster.realm ?? realmOf(admins);
  return {
    domain: cluster.domain,
    internalDomain: cluster.internalDomain,
    ...(realm !== undefined && { realm }),
    serviceApi: serviceApi.text,
    ...(nodes !== undefined && { nodeRange: nodes.text }),
    admins,
    machines,
    place: tree.place,
  };
}

/** Before there was `kerberos-realm`, the realm stood only behind the admins' names. */
function realmOf(admins: readonly Written[]): string | undefined {
  const realms = new Set(admins.map(({ text }) => text.slice(text.indexOf("@") + 1)));
  return realms.size === 1 ? [...realms][0] : undefined;
}

function readCluster(
  tree: Tree,
  at: Findings,
): Pick<Setup, "domain" | "internalDomain" | "realm"> | undefined {
  const { report } = at;
  const fields = takeFields(tree, { what: "cluster", path: "cluster.", keys: CLUSTER_KEYS }, at);
  const [domainTree, internalTree] = [fields?.("external-domain"), fields?.("internal-domain")];
  const realmTree = fields?.("kerberos-realm");
  const domain = domainTree && readName(domainTree, "external-domain", isDomain, report);
  const internalDomain =
    internalTree && readName(internalTree, "internal-domain", isDomain, report);
  const realm = realmTree && readName(realmTree, "kerberos-realm", isRealm, report);
  if (domain === undefined || internalDomain === undefined) return undefined;
  return { domain, internalDomain, ...(realm !== undefined && { realm }) };
}

type Addresses = { readonly serviceApi: Written | undefined; readonly nodes: Cidr | undefined };

function readAddresses(tree: Tree, at: Findings): Addresses | undefined {
  const section = { what: "addresses", path: "addresses.", keys: ADDRESS_KEYS };
  const fields = takeFields(tree, section, at);
  if (fields === undefined) return undefined;
  const apiTree = fields("service-api");
  const serviceApi = apiTree && readAddress(apiTree, "service-api", at.report);
  const nodes = readCidr(fields("cidr-nodes"), "cidr-nodes", at);
  const services = readCidr(fields("cidr-services"), "cidr-services", at);
  if (serviceApi !== undefined && services !== undefined)
    checkInside(serviceApi, "service-api", services, at.report);
  return { serviceApi, nodes };
}

function readCidr(tree: Tree | undefined, what: string, { report }: Findings): Cidr | undefined {
  const written = tree && readText(tree, what, report);
  const range = written && readRange(written, report);
  return range && written && { ...written, what, range };
}
