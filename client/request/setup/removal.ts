import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { codeOfError, Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { readClusters, type Cluster } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { readEditable, replaceEditable } from "./edit-file.ts";
import { inPrivateFolder } from "../held/private-file.ts";
import { cutKubeContext, isEmptyKubeConfig, KubeConfigError } from "./kube.ts";
import { writeSshConfig } from "./plan.ts";
import { digestOf, isAsLeft, keepRecord, readRecords, type EditRecord } from "./record.ts";
import { cutSshConfig } from "./ssh.ts";

type RemovalDeps = Pick<RequestDeps, "places" | "uid" | "cluster">;

/** A file that setup may have changed; `record` says how, where that is known. */
type Foreign = Pick<EditRecord, "kind" | "path"> & { readonly record: EditRecord | undefined };

/**
 * Takes away what `keyreq setup` added, of all clusters or of the one of `--cluster`, and says what
 * that was. A file that is as setup left it gets its old bytes back; from any other one our lines
 * are cut out. What cannot be undone is left alone, and everything else is done.
 *
 * @throws Failure (exit 5) when something was left.
 */
export function removeSetup(deps: RemovalDeps, output: Output): Promise<void> {
  const clusters = readClusters(deps);
  const gone = clusters.filter(({ name }) => deps.cluster === undefined || deps.cluster === name);
  const kept = clusters.filter((cluster) => !gone.includes(cluster));
  const failures: Failure[] = [];
  for (const foreign of listForeign(deps)) {
    if (foreign.kind === "ssh" && kept.length > 0) continue;
    try {
      if (undo(deps, foreign, { gone, kept })) output.done(foreign.path, "as before setup");
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  for (const cluster of gone) {
    removeClusterFiles(deps, cluster);
    output.done(cluster.name, `is not known here any more (${cluster.places.folder})`);
  }
  if (kept.length > 0) writeSshConfig(deps, kept);
  else removeOwnFiles(deps, failures.length === 0);
  const [first] = failures;
  if (first === undefined) return Promise.resolve();
  const hints = failures.flatMap((failure) => failure.hints);
  const message = failures.map((failure) => failure.message).join("; ");
  return Promise.reject(new Failure(EXIT.unhealthy, message, hints));
}

function listForeign(deps: RemovalDeps): readonly Foreign[] {
  const records = readRecords(deps);
  const { sshConfig, kubeConfig } = deps.places;
  const present = [
    { kind: "ssh", path: sshConfig, record: undefined },
    { kind: "kube", path: kubeConfig, record: undefined },
  ] as const;
  // Lines that setup found in place were written by somebody else, and stay.
  if (records.length > 0)
    return records.map((record) => ({ kind: record.kind, path: record.path, record }));
  return present;
}

type Parting = { readonly gone: readonly Cluster[]; readonly kept: readonly Cluster[] };

/** Gives whether anything changed. @throws Failure */
function undo(
  deps: RemovalDeps,
  { kind, path, record }: Foreign,
  { gone, kept }: Parting,
): boolean {
  const { uid } = deps;
  const file = readEditable(path, uid);
  if (file.content === undefined && file.obstacle === undefined) return false;
  const content = file.content ?? Buffer.alloc(0);
  const isUntouched = record !== undefined && isAsLeft(record, file.content);
  const wayOut =
    kind === "ssh" ? [`remove the lines about keysystem from ${path}`] : kubeHints(gone);
  const rest =
    isUntouched && kept.length === 0 ? record.original : cutAll(deps, kind, content, gone, wayOut);
  const isOver = record !== undefined && record.original === undefined && isNothing(kind, rest);
  if (rest !== undefined && rest.equals(content) && !isOver) return false;
  if (isUntouched && kept.length > 0 && rest !== undefined) {
    keepRecord(deps, { ...record, left: digestOf(rest) });
  }
  replaceEditable(file, isOver ? undefined : rest, { uid, hints: wayOut });
  if (isOver && record.madeFolder) removeEmptyFolder(dirname(path));
  return true;
}

const kubeHints = (gone: readonly Cluster[]): readonly string[] =>
  gone.map(
    ({ name }) =>
      `kubectl config delete-context ${name}; kubectl config delete-cluster ${name}; kubectl config delete-user ${name}`,
  );

/** Our lines cut out; a kubeconfig that cannot be read holds nothing that could be found. */
function cutAll(
  { places }: RemovalDeps,
  kind: EditRecord["kind"],
  content: Buffer,
  gone: readonly Cluster[],
  hints: readonly string[],
): Buffer {
  if (kind === "ssh") return cutSshConfig(content, places.sshInclude);
  const text = content.toString();
  if (!text.includes("keysystem")) return content;
  try {
    return Buffer.from(gone.reduce((rest, { name }) => cutKubeContext(rest, name), text));
  } catch (error) {
    if (!(error instanceof KubeConfigError)) throw error;
    const message = `${places.kubeConfig} ${error.message}; it was not changed`;
    throw new Failure(EXIT.unhealthy, message, hints, { cause: error });
  }
}

function isNothing(kind: EditRecord["kind"], rest: Buffer | undefined): boolean {
  const text = rest?.toString("latin1").trim() ?? "";
  return text === "" || (kind === "kube" && isEmptyKubeConfig(text));
}

/** All that is known of a cluster; credentials are taken away by `forget` itself. */
function removeClusterFiles(deps: RemovalDeps, { places }: Cluster): void {
  const { folder, credentials } = places;
  inPrivateFolder(deps, folder, { create: false }, (held) => {
    const names = readdirSync(held.at(".")).filter((name) => name !== basename(credentials));
    for (const name of names) rmSync(held.at(name), { recursive: true, force: true });
  });
  removeEmptyFolder(credentials);
  removeEmptyFolder(folder);
}

function removeOwnFiles(deps: RemovalDeps, isUndone: boolean): void {
  const { data } = deps.places;
  inPrivateFolder(deps, data, { create: false }, (held) => {
    rmSync(held.at("ssh_config"), { force: true });
    // What could not be undone can be undone later.
    if (isUndone) rmSync(held.at("setup.json"), { force: true });
  });
  removeEmptyFolder(data);
}

function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = codeOfError(error) ?? "";
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "EACCES"].includes(code)) throw error;
  }
}
