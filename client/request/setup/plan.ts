import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { readEditable, replaceEditable, type EditableFile } from "./edit-file.ts";
import { writePrivateFile, OPEN } from "../held/private-file.ts";
import {
  addKubeContext,
  cutKubeContext,
  KubeConfigError,
  listKubeContext,
  type KubeEntry,
} from "./kube.ts";
import { digestOf, isAsLeft, keepRecord, readRecords } from "./record.ts";
import { addSshConfig, cutSshConfig, formatSshConfig, sshConfigLines } from "./ssh.ts";
import { anchorFile } from "../session/trust-files.ts";

type PlanDeps = Pick<RequestDeps, "places" | "uid">;

/** What is to be done to a file that is not keyreq's own. */
export type Change = {
  readonly kind: "ssh" | "kube";
  readonly file: EditableFile;
  /** The file as it is to be; undefined where that cannot be worked out. */
  readonly after: Buffer | undefined;
  /** Without what was ours before: what `forget --setup` goes back to. */
  readonly before: Buffer | undefined;
  /** The lines that are added; none when nothing is to be done. */
  readonly lines: readonly string[];
  /** Why a program should not change the file. */
  readonly obstacle: string | undefined;
};

/** keyreq's own programs, wherever it is installed. */
export const PROGRAMS = {
  keyreq: fileURLToPath(new URL("../../bin/keyreq", import.meta.url)),
  front: fileURLToPath(new URL("../../bin/keyreq-fresh", import.meta.url)),
} as const;

/** What is to be done to `~/.ssh/config`. @throws Failure for a data folder that ssh cannot name. */
export function planSsh({ places, uid }: PlanDeps): Change {
  const file = readEditable(places.sshConfig, uid);
  const content = file.content ?? Buffer.alloc(0);
  const after = addSshConfig(content, places.sshInclude);
  const isDone = file.content !== undefined && after.equals(content);
  return {
    kind: "ssh",
    file,
    after,
    before: file.content === undefined ? undefined : cutSshConfig(content, places.sshInclude),
    lines: isDone ? [] : sshConfigLines(places.sshInclude),
    obstacle: isDone ? undefined : file.obstacle,
  };
}

/** What is to be done to the kubeconfig; undefined where nobody said where the Kubernetes API is. */
export function planKube(
  { places, uid }: PlanDeps,
  cluster: Pick<Cluster, "name" | "people" | "places">,
  version: KubeEntry["version"],
): Change | undefined {
  const { kubernetes: server } = cluster.people;
  if (server === undefined) return undefined;
  const entry: KubeEntry = {
    cluster: cluster.name,
    server,
    anchors: anchorFile(cluster.places, "kubernetes"),
    command: PROGRAMS.keyreq,
    args: [...dataFlag(places), "--cluster", cluster.name, "kube", "--exec-credential"],
    version,
  };
  const file = readEditable(places.kubeConfig, uid);
  const text = file.content?.toString();
  try {
    const after = addKubeContext(text, entry);
    const isDone = text === after;
    const before = text === undefined ? undefined : cutKubeContext(text, cluster.name);
    return {
      kind: "kube",
      file,
      after: Buffer.from(after),
      before: before === undefined ? undefined : Buffer.from(before),
      lines: isDone ? [] : listKubeContext(after, cluster.name),
      obstacle: isDone ? undefined : (file.obstacle ?? notText(file.content)),
    };
  } catch (error) {
    if (!(error instanceof KubeConfigError)) throw error;
    const lines = listKubeContext(addKubeContext(undefined, entry), cluster.name);
    const obstacle = file.obstacle ?? error.message;
    return { kind: "kube", file, after: undefined, before: undefined, lines, obstacle };
  }
}

/** kubectl may be started without the variable that says where keyreq's folder is. */
const dataFlag = ({ data, home }: PlanDeps["places"]): readonly string[] =>
  data === `${home}/.local/share/keysystem` ? [] : ["--config", data];

const notText = (content: Buffer | undefined): string | undefined =>
  content === undefined || Buffer.from(content.toString()).equals(content)
    ? undefined
    : "is not UTF-8 text";

/**
 * Makes a change; what the file was is kept first, for `forget --setup`.
 *
 * @throws Failure (exit 5), with the lines to add by hand; then nothing has changed.
 */
export function makeChange(
  deps: PlanDeps,
  { kind, file, after, before, lines, obstacle }: Change,
): void {
  const hints = [`add to ${file.path} by hand:`, ...lines];
  if (after !== undefined && obstacle === undefined) {
    const earlier = readRecords(deps).find(({ path }) => path === file.path);
    const isKnown = earlier !== undefined && isAsLeft(earlier, file.content);
    keepRecord(deps, {
      kind,
      path: file.path,
      original: isKnown ? earlier.original : before,
      left: digestOf(after),
      madeFolder: earlier?.madeFolder ?? !existsSync(dirname(file.path)),
    });
  }
  replaceEditable({ ...file, obstacle }, after, { uid: deps.uid, hints });
}

/** The file that `~/.ssh/config` includes, for these clusters. @throws Failure for paths that it cannot hold. */
export function sshConfigOf({ places }: PlanDeps, clusters: readonly Cluster[]): string {
  const entries = clusters.map(({ name, domain, places: { knownHosts, sshIdentities } }) => {
    return { name, domain, knownHosts, sshIdentities };
  });
  return formatSshConfig(entries, { front: PROGRAMS.front, data: places.data });
}

/** Writes it. @throws Failure */
export const writeSshConfig = (deps: PlanDeps, clusters: readonly Cluster[]): void =>
  writePrivateFile(deps, deps.places.sshInclude, sshConfigOf(deps, clusters), OPEN);
