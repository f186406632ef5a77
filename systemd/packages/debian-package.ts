import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { formatControl } from "./control.ts";
import type { Package } from "./packages.ts";
import { writeTree, type Tree } from "./tree.ts";

export type DebianPackageDeps = {
  /** Folder with `NAME.postinst` and the like. */
  readonly scripts: string;
  /** Folder for the tree, which is left there. */
  readonly work: string;
  /** Folder for the package. */
  readonly out: string;
  /** Seconds since 1970, the newest that a file in the package can be. */
  readonly date: number;
};

const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"] as const;

/** Writes a package as `NAME_VERSION_ARCHITECTURE.deb` and gives that name. */
export function writeDebianPackage({ control, tree }: Package, deps: DebianPackageDeps): string {
  const folder = join(deps.work, control.package);
  writeTree(folder, tree);
  const about = join(folder, "DEBIAN");
  mkdirSync(about);
  writeFileSync(join(about, "control"), formatControl(control, sizeOf(tree)));
  writeFileSync(join(about, "md5sums"), formatSums(tree));
  for (const kind of SCRIPTS) {
    const script = join(deps.scripts, `${control.package}.${kind}`);
    if (!existsSync(script)) continue;
    copyFileSync(script, join(about, kind));
    chmodSync(join(about, kind), 0o755);
  }
  for (const path of ["", "control", "md5sums"]) {
    chmodSync(join(about, path), path === "" ? 0o755 : 0o644);
  }
  const file = `${control.package}_${control.version}_${control.architecture}.deb`;
  // Two threads always: how the packed bytes are cut into blocks must not depend on the machine.
  runCommand(
    [
      "dpkg-deb",
      "--root-owner-group",
      "-Zxz",
      "-z3",
      "--threads-max=2",
      "--build",
      folder,
      join(deps.out, file),
    ],
    { environment: { SOURCE_DATE_EPOCH: `${deps.date}` } },
  );
  return file;
}

/** Units of 1024 bytes, each file rounded up, one for everything else (deb-substvars(5)). */
function sizeOf(tree: Tree): number {
  const sizes = [...tree.values()].map((entry) =>
    entry.kind === "file" ? Math.ceil(Buffer.byteLength(entry.content) / 1024) : 1,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const formatSums = (tree: Tree): string =>
  [...tree]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([path, entry]) =>
      entry.kind === "file"
        ? [`${createHash("md5").update(entry.content).digest("hex")}  ${path}\n`]
        : [],
    )
    .join("");
