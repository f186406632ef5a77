import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { program, text, type Tree } from "./tree.ts";

/** The runtime, below the root of an installation. */
export const runtimeTree = (checkout: string): Tree =>
  new Map([["node", program(strip(join(checkout, "node_modules/node/bin/node")))]]);

/** The package `kerberos`: what it is made of at run time, with the module compiled here. */
export const kerberosTree = (checkout: string): Tree =>
  packageTree(checkout, "kerberos", ["package.json", "lib/*.js"], "build/Release/kerberos.node");

/** The package `better-sqlite3`, with the module that it brings for this kind of machine. */
export const sqliteTree = (checkout: string): Tree =>
  packageTree(
    checkout,
    "better-sqlite3",
    ["package.json", "lib/{index,database,binding,util,sqlite-error}.js", "lib/methods/*.js"],
    `prebuilds/linux-${process.arch}.node`,
  );

function packageTree(
  checkout: string,
  name: string,
  globs: readonly string[],
  native: string,
): Tree {
  const folder = join(checkout, "node_modules", name);
  const files = globs.flatMap((glob) => globSync(glob, { cwd: folder }).sort());
  return new Map(
    [
      ...files.map((file) => [file, text(readFileSync(join(folder, file)))] as const),
      [native, text(strip(join(folder, native)))] as const,
    ].map(([file, entry]) => [join("node_modules", name, file), entry]),
  );
}

/** What a binary needs of Debian's libraries. It is opened where it is, and only named in the answer. */
export function librariesOf(files: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-"));
  try {
    runCommand(["mkdir", join(folder, "debian")]);
    runCommand(["touch", join(folder, "debian/control")]);
    const said = runCommand(
      ["dpkg-shlibdeps", "-O", "--warnings=0", ...files.map((file) => `-e${file}`)],
      { cwd: folder },
    );
    return said.trim().replace("shlibs:Depends=", "").split(", ");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A binary without what only a debugger reads; its exported symbols stay. */
function strip(file: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-"));
  try {
    const copy = join(folder, "binary");
    copyFileSync(file, copy);
    runCommand(["strip", "--strip-unneeded", "--remove-section=.comment", copy]);
    return readFileSync(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
