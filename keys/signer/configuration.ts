import { readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from "yaml";
import { FormatError } from "../formats/format-error.ts";
import { parseAddress } from "../formats/ip-address.ts";
import { isAddress } from "./server-profile.ts";
import { messageOf, SignerError } from "./signer-error.ts";

/** `/etc/keysystem/signer.yaml`. */
export type Configuration = {
  /** DNS names and addresses of keyserver's own certificate; at least one. */
  readonly names: readonly string[];
  /** Where the sealing secret is: a file, or the name of a systemd credential. */
  readonly seal: { readonly file: string } | { readonly credential: string };
  /** Account to become when root starts the signer: a name, or `uid:gid`. */
  readonly user?: string;
};

/** Reads the file. @throws SignerError `configuration.invalid` with file, line and column. */
export function readConfiguration(path: string): Configuration {
  return parseConfiguration(readText(path), path);
}

/** The same from its text; `file` is for messages. */
export function parseConfiguration(text: string, file: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: "core", uniqueKeys: true });
  const fail: Fail = (offset, message) => {
    const { line, col } = lines.linePos(offset);
    throw new SignerError("configuration.invalid", `${file}:${line}:${col}: ${message}`);
  };
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) fail(wrong.pos[0], wrong.message.split("\n")[0] ?? "");
  const fields = readMap(document.contents, ["names", "seal", "user"], fail);
  const names = fields.get("names") ?? fail(0, "names: is missing");
  const seal = fields.get("seal") ?? fail(0, "seal: is missing");
  const user = fields.get("user");
  return {
    names: readNames(names, fail),
    seal: readSeal(seal, fail),
    ...(user === undefined ? {} : { user: readScalar(user, fail) }),
  };
}

type Fail = (offset: number, message: string) => never;
type Fields = ReadonlyMap<string, Node>;

const placeOf = (node: Node | null): number => node?.range?.[0] ?? 0;

function readMap(node: Node | null, allowed: readonly string[], fail: Fail): Fields {
  if (!isMap<Node, Node | null>(node))
    return fail(placeOf(node), `here belong ${allowed.join(", ")}`);
  return new Map(node.items.map((pair) => readPair(pair, allowed, fail)));
}

function readPair(
  { key, value }: Pair<Node, Node | null>,
  allowed: readonly string[],
  fail: Fail,
): readonly [string, Node] {
  const name = readScalar(key, fail);
  if (!allowed.includes(name)) {
    fail(placeOf(key), `unknown key ${JSON.stringify(name)}; here belong ${allowed.join(", ")}`);
  }
  return [name, value ?? fail(placeOf(key), `${name} has no value`)];
}

function readScalar(node: Node, fail: Fail): string {
  if (isScalar(node) && typeof node.value === "string" && node.value !== "") return node.value;
  return fail(placeOf(node), "here belongs a text that is not empty (quote it)");
}

function readNames(node: Node, fail: Fail): readonly string[] {
  if (!isSeq<Node>(node) || node.items.length === 0) {
    return fail(placeOf(node), "names: here belongs a list with at least one name");
  }
  return node.items.map((item) => {
    const name = readScalar(item, fail);
    if (isServerName(name)) return name;
    return fail(
      placeOf(item),
      `${JSON.stringify(name)} is neither a lower-case DNS name nor an address`,
    );
  });
}

const LABELS =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Whether a name can stand in keyserver's own certificate: a lower-case DNS name, or an address. */
export function isServerName(name: string): boolean {
  if (!isAddress(name)) return LABELS.test(name);
  try {
    return parseAddress(name).length > 0;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function readSeal(node: Node, fail: Fail): Configuration["seal"] {
  const fields = readMap(node, ["file", "credential"], fail);
  const file = fields.get("file");
  const credential = fields.get("credential");
  if (file !== undefined && credential === undefined) return { file: readScalar(file, fail) };
  if (credential !== undefined && file === undefined) {
    const name = readScalar(credential, fail);
    if (/^[\w.-]+$/.test(name)) return { credential: name };
    return fail(placeOf(credential), "credential: is a name, not a path");
  }
  return fail(placeOf(node), "seal: takes either file or credential");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new SignerError("configuration.invalid", `${path}: ${messageOf(cause)}`, { cause });
  }
}
