import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, parseDocument, stringify, type Document } from "yaml";
import {
  appendItem,
  applySplices,
  LayoutError,
  removeItems,
  removeKey,
  setText,
  type Splice,
} from "./edit-yaml.ts";

/** A cluster as kubectl is to know it. */
export type KubeEntry = {
  /** The cluster's name; entries get it, or `keysystem-NAME` where somebody else has it. */
  readonly cluster: string;
  /** URL of the Kubernetes API. */
  readonly server: string;
  /** File with its anchors; kept current by keyreq. */
  readonly anchors: string;
  /** Absolute path of keyreq. */
  readonly command: string;
  readonly args: readonly string[];
  /** Of client.authentication.k8s.io. */
  readonly version: "v1" | "v1beta1";
};

/** Why a kubeconfig is left as it is. */
export class KubeConfigError extends Error {
  override readonly name = "KubeConfigError";
}

const EMPTY = "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n";
const EXTENSION = "keysystem";
const KINDS = [
  { list: "clusters", key: "cluster" },
  { list: "users", key: "user" },
  { list: "contexts", key: "context" },
] as const;

/**
 * Adds or renews cluster, user and context of one cluster; every other byte stays. The same text
 * where nothing is missing. `text` is undefined where there is no file.
 *
 * @throws KubeConfigError for a file that is no kubeconfig, or is written in a way that cannot be
 *   changed safely.
 */
export function addKubeContext(text: string | undefined, entry: KubeEntry): string {
  const old = text === undefined || text.trim() === "" ? EMPTY : text;
  const name = chooseName(parse(old), entry.cluster);
  let now = old;
  for (const { list, key } of KINDS) {
    const item = { name, [key]: describe(entry, name)[key] };
    const document = parse(now);
    const ours = itemsOf(document, list).filter((each) => isOurs(each, key, entry.cluster));
    if (ours.length === 1 && isEqual(ours[0], item)) continue;
    const isGone = (each: unknown): boolean => ours.includes(each);
    const rest = without(document, list, ours);
    now = change(now, rest, () => removeItems(now, document, list, isGone));
    const grown = parse(now);
    const whole = { ...topOf(grown), [list]: [...plainItems(grown, list), item] };
    now = change(now, whole, () => appendItem(now, grown, list, item));
  }
  const document = parse(now);
  const current: unknown = document.get("current-context");
  if (current === undefined || current === null || current === "") {
    const whole = { ...topOf(document), "current-context": name };
    now = change(now, whole, () => setText(now, document, "current-context", name));
  }
  return now === EMPTY && text !== undefined ? text : now;
}

/** Cuts out what {@link addKubeContext} added for a cluster. @throws KubeConfigError */
export function cutKubeContext(text: string, cluster: string): string {
  let now = text;
  const names: unknown[] = [];
  for (const { list, key } of KINDS) {
    const document = parse(now);
    const ours = itemsOf(document, list).filter((each) => isOurs(each, key, cluster));
    names.push(...ours.map(nameOf));
    const isGone = (each: unknown): boolean => ours.includes(each);
    const rest = without(document, list, ours);
    now = change(now, rest, () => removeItems(now, document, list, isGone));
  }
  const document = parse(now);
  const current: unknown = document.get("current-context");
  if (typeof current !== "string" || !names.includes(current)) return now;
  const { "current-context": _ours, ...rest } = topOf(document);
  const isFlow = isMap(document.contents) && document.contents.flow === true;
  const whole = isFlow ? { ...topOf(document), "current-context": "" } : rest;
  return change(now, whole, () => removeKey(now, document, "current-context"));
}

/** What a text has of a cluster, as lines to read and to copy. @throws KubeConfigError */
export function listKubeContext(text: string, cluster: string): readonly string[] {
  const document = parse(text);
  return KINDS.flatMap(({ list, key }) => {
    const ours = itemsOf(document, list).filter((each) => isOurs(each, key, cluster));
    return ours.length === 0
      ? []
      : stringify({ [list]: ours }, { lineWidth: 0, indentSeq: false })
          .trimEnd()
          .split("\n");
  });
}

/** Whether nothing is configured in a file any more. @throws KubeConfigError */
export function isEmptyKubeConfig(text: string): boolean {
  const known = new Set(["apiVersion", "kind", "preferences", "current-context"]);
  return Object.entries(topOf(parse(text))).every(
    ([key, each]) => known.has(key) || each === null || (Array.isArray(each) && each.length === 0),
  );
}

/** Text with its changes, when it means exactly what it is to mean then. */
function change(text: string, wanted: object, splices: () => readonly Splice[]): string {
  try {
    const changed = applySplices(text, splices());
    if (isDeepStrictEqual(topOf(parse(changed)), wanted)) return changed;
  } catch (error) {
    if (!(error instanceof LayoutError || error instanceof KubeConfigError)) throw error;
  }
  throw new KubeConfigError("is written in a way that is not changed by programs");
}

function parse(text: string): Document.Parsed {
  const document = parseDocument(text, { merge: false, uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line;
    throw new KubeConfigError(`is not valid YAML${line === undefined ? "" : ` (line ${line})`}`);
  }
  if (!isMap(document.contents)) throw new KubeConfigError("is not a kubeconfig");
  const kind: unknown = document.get("kind") ?? "Config";
  if (kind !== "Config") throw new KubeConfigError("is of another kind than Config");
  return document;
}

function topOf(document: Document): Readonly<Record<string, unknown>> {
  const value: unknown = document.toJS();
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function itemsOf(document: Document, name: string): readonly unknown[] {
  const found: unknown = document.get(name, true);
  if (isSeq(found)) return found.items;
  if (found === undefined || (isScalar(found) && found.value === null)) return [];
  throw new KubeConfigError(`is not a kubeconfig: ${name} is no list`);
}

function plainItems(document: Document, name: string): readonly unknown[] {
  const value = topOf(document)[name];
  return Array.isArray(value) ? value : [];
}

/** What a document says, without some items of a list. */
function without(document: Document, list: string, gone: readonly unknown[]): object {
  const top = topOf(document);
  if (gone.length === 0) return top;
  const items = itemsOf(document, list);
  const kept = plainItems(document, list).filter((_, at) => !gone.includes(items[at]));
  return { ...top, [list]: kept };
}

/** The name of an entry that is ours already, else the cluster's where it is free. */
function chooseName(document: Document, cluster: string): string {
  const items = KINDS.flatMap(({ list, key }) =>
    itemsOf(document, list).map((item) => ({ item, key })),
  );
  const ours = items.find(({ item, key }) => isOurs(item, key, cluster));
  if (ours !== undefined) return nameOf(ours.item) ?? cluster;
  const taken = items.map(({ item }) => nameOf(item));
  return taken.includes(cluster) ? `keysystem-${cluster}` : cluster;
}

const nameOf = (item: unknown): string | undefined => {
  const name: unknown = isMap(item) ? item.get("name") : undefined;
  return typeof name === "string" ? name : undefined;
};

/** Ours carry an extension that names the cluster. */
function isOurs(item: unknown, key: string, cluster: string): boolean {
  const extensions = isMap(item) ? item.getIn([key, "extensions"], true) : undefined;
  if (!isSeq(extensions)) return false;
  return extensions.items.some(
    (each) =>
      isMap(each) &&
      each.get("name") === EXTENSION &&
      each.getIn(["extension", "cluster"]) === cluster,
  );
}

/** kubectl sorts keys and writes `env: null` when it rewrites a file. */
function isEqual(item: unknown, wanted: unknown): boolean {
  if (!isMap(item)) return false;
  const plain: unknown = JSON.parse(
    JSON.stringify(item.toJSON(), (_, value: unknown) => value ?? undefined),
  );
  return isDeepStrictEqual(plain, wanted);
}

function describe(entry: KubeEntry, name: string) {
  const extensions = [{ name: EXTENSION, extension: { cluster: entry.cluster } }];
  return {
    cluster: { server: entry.server, "certificate-authority": entry.anchors, extensions },
    user: {
      exec: {
        apiVersion: `client.authentication.k8s.io/${entry.version}`,
        command: entry.command,
        args: [...entry.args],
        interactiveMode: "IfAvailable",
        provideClusterInfo: false,
        installHint: "keyreq comes with Keysystem; ask whoever runs the cluster for it",
      },
      extensions,
    },
    context: { cluster: name, user: name, extensions },
  } as const;
}
