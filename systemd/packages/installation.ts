import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NATIVE, PROGRAMS, type Program } from "./bundle.ts";
import { runCommand } from "./command.ts";
import { frontOf, frontTree, programTree } from "./contents.ts";
import { readNotice, readRuntimeLicence, type Notice } from "./licences.ts";
import { readManifest } from "./manifest.ts";
import { kerberosTree, librariesOf, runtimeTree, sqliteTree } from "./runtime.ts";
import { mergeTrees, text, writeTree, type Tree } from "./tree.ts";

/** What all programs are installed as, in parts with paths below the root of an installation. */
export type Installation = {
  readonly version: string;
  readonly programs: Readonly<Record<Program, Tree>>;
  /** The runtime, and the file by which programs know their version. */
  readonly runtime: Tree;
  readonly kerberos: Tree;
  readonly sqlite: Tree;
  readonly notices: readonly Notice[];
  readonly runtimeLicence: string;
};

/** Bundles every program of the checkout and gathers what they need. */
export async function assemble(checkout: string, version: string): Promise<Installation> {
  const packages = new Set<string>(NATIVE.map((name) => `node_modules/${name}`));
  const programs: Record<Program, Tree> = {
    keyserver: new Map(),
    keysigner: new Map(),
    keyclient: new Map(),
    keyreq: new Map(),
  };
  for (const name of listPrograms()) {
    const { tree, bundle } = await programTree(checkout, name);
    programs[name] = mergeTrees([tree, frontTree(checkout, name)]);
    for (const folder of bundle.packages) packages.add(folder);
  }
  const { dependencies } = readManifest(checkout);
  return {
    version,
    programs,
    runtime: mergeTrees([runtimeTree(checkout), new Map([["package.json", about(version)]])]),
    kerberos: kerberosTree(checkout),
    sqlite: sqliteTree(checkout),
    notices: [...packages].sort().map((folder) => readNotice(join(checkout, folder))),
    runtimeLicence: readRuntimeLicence(checkout, dependencies["node"] ?? ""),
  };
}

/** The programs' names, each as what it is. */
export const listPrograms = (): readonly Program[] =>
  Object.keys(PROGRAMS).filter((name): name is Program => name in PROGRAMS);

const about = (version: string) =>
  text(`${JSON.stringify({ name: "keysystem", version, type: "module" }, undefined, 2)}\n`);

/** Programs that can be run and looked at. */
export type Installed = {
  /** What a program prints; for what only it knows of itself. */
  readonly print: (name: Program, args: readonly string[]) => string;
  /** Debian's libraries that files need, given below the root of the installation. */
  readonly librariesOf: (files: readonly string[]) => readonly string[];
};

/** Installs the programs in a temporary folder for as long as `use` takes. */
export function withInstalled<T>(
  { programs, runtime, kerberos, sqlite }: Installation,
  use: (installed: Installed) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), "keysystem-"));
  try {
    writeTree(folder, mergeTrees([...Object.values(programs), runtime, kerberos, sqlite]));
    // Its cache is of no use to anybody else.
    const environment = { NODE_COMPILE_CACHE: join(folder, "cache") };
    return use({
      print: (name, args) => runCommand([join(folder, frontOf(name)), ...args], { environment }),
      librariesOf: (files) => librariesOf(files.map((file) => join(folder, file))),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
