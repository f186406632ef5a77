import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unitTree } from "./contents.ts";
import { runCommand } from "./command.ts";
import { formatCopyright } from "./licences.ts";
import type { Installation } from "./installation.ts";
import { mergeTrees, program, text, writeTree, type Entry, type Tree } from "./tree.ts";

/** Where the archive is unpacked to be, with a slash at its beginning. */
export const ARCHIVE_HOME = "/opt/keysystem";

export type ArchiveDeps = {
  readonly checkout: string;
  readonly installation: Installation;
  readonly work: string;
  readonly out: string;
  /** Seconds since 1970; every file gets it. */
  readonly date: number;
};

/** Writes keyclient with its runtime as one archive, for machines whose `/usr` is not to be written, and gives its name. */
export function writeArchive(deps: ArchiveDeps): string {
  const { installation, work, out, date } = deps;
  const name = `keyclient-${installation.version}-linux-${process.arch}.tar.gz`;
  const folder = join(work, "archive");
  mkdirSync(folder);
  writeTree(join(folder, "keysystem"), archiveTree(deps));
  const order = ["--sort=name", "--format=ustar", `--mtime=@${date}`];
  const owner = ["--owner=root:0", "--group=root:0"];
  // gzip is everywhere, xz is not; -n: no name and no time in it.
  const pack = "--use-compress-program=gzip -6n";
  runCommand(["tar", ...order, ...owner, pack, "-C", folder, "-cf", join(out, name), "keysystem"]);
  return name;
}

const INSTALL = "systemd/packages/scripts/archive-install";

const archiveTree = ({ checkout, installation }: ArchiveDeps): Tree => {
  const { programs, runtime, notices, runtimeLicence } = installation;
  return mergeTrees([
    programs.keyclient,
    runtime,
    new Map([...unitTree(checkout, ["keyclient"])].flatMap(placeUnit)),
    new Map([
      ["install", program(readFileSync(join(checkout, INSTALL)))],
      ["copyright", text(formatCopyright(notices))],
      ["node-licence", text(runtimeLicence)],
    ]),
  ]);
};

/** A unit for the archive's folder. systemd's other folders hold nothing that keyclient needs. */
function placeUnit([path, entry]: readonly [string, Entry]): readonly (readonly [string, Entry])[] {
  const [, name] = /^lib\/systemd\/system\/(.+)$/.exec(path) ?? [];
  if (name === undefined || entry.kind !== "file") return [];
  const unit = Buffer.from(entry.content).toString();
  return [[`units/${name}`, text(placeCommands(unit))]];
}

/** The text of a unit whose programs are in the archive's folder. */
export const placeCommands = (unit: string): string =>
  unit
    .replaceAll("/usr/bin/keyclient", `${ARCHIVE_HOME}/client/bin/keyclient`)
    .replaceAll(/^Documentation=.*\n/gm, "");
