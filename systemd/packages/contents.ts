import { globSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleProgram, type Bundle, type Program } from "./bundle.ts";
import { placeFront, SIGNER_FRONT } from "./fronts.ts";
import { link, program, text, type Tree } from "./tree.ts";

/** Where everything of ours lives on a machine. */
export const HOME = "usr/lib/keysystem";

/** A bundle with the files that it reads, below the root of an installation. */
export async function programTree(
  checkout: string,
  name: Program,
): Promise<{ readonly tree: Tree; readonly bundle: Bundle }> {
  const bundle = await bundleProgram(checkout, name);
  const modules = [...bundle.modules].map(
    ([file, code]) => [`lib/${name}/${file}`, text(code)] as const,
  );
  const files = bundle.resources.flatMap((path) => listResource(checkout, path));
  const resources = files.filter((path) => path !== "package.json" && path !== frontOf(name));
  const read = resources.map((path) => {
    const content = readFileSync(join(checkout, path));
    return [path, isExecutable(join(checkout, path)) ? program(content) : text(content)] as const;
  });
  return { tree: new Map([...modules, ...read]), bundle };
}

/** Where the shell front of a program is, below the root of a checkout and of an installation. */
export const frontOf = (name: Program): string => {
  if (name === "keysigner") return "keysigner";
  return name === "keyserver" ? "server/bin/keyserver" : `client/bin/${name}`;
};

const isExecutable = (path: string): boolean => (statSync(path).mode & 0o111) !== 0;

const listResource = (checkout: string, path: string): readonly string[] =>
  path.endsWith("/") ? globSync(`${path}*`, { cwd: checkout }).sort() : [path];

/** The shell front of a program. */
export function frontTree(checkout: string, name: Program): Tree {
  const place = frontOf(name);
  const front =
    name === "keysigner"
      ? SIGNER_FRONT
      : placeFront(name, readFileSync(join(checkout, place), "utf8"));
  return new Map([[place, program(front)]]);
}

/** A tree under another folder. */
export const below = (folder: string, tree: Tree): Tree =>
  new Map([...tree].map(([path, entry]) => [join(folder, path), entry]));

/** systemd's files for programs whose names begin so, by systemd's own folders. */
export function unitTree(checkout: string, names: readonly string[]): Tree {
  const found = globSync(
    "systemd/{*.service,*.socket,*.timer,*.target,sysusers.d/*,tmpfiles.d/*}",
    {
      cwd: checkout,
    },
  );
  const ours = found.sort().filter((path) => names.some((name) => basename(path).startsWith(name)));
  return new Map(
    ours.map((path) => {
      const folder = basename(dirname(path));
      const target = folder === "systemd" ? "lib/systemd/system" : `usr/lib/${folder}`;
      return [join(target, basename(path)), text(readFileSync(join(checkout, path)))];
    }),
  );
}

/** Manual page and completions, as the program itself prints them. */
export function manualTree(
  name: string,
  section: 1 | 8,
  print: (args: readonly string[]) => string,
): Tree {
  return new Map([
    [`usr/share/man/man${section}/${name}.${section}.gz`, text(compress(print(["man"])))],
    [`usr/share/bash-completion/completions/${name}`, text(print(["completion", "bash"]))],
    [`usr/share/zsh/vendor-completions/_${name}`, text(print(["completion", "zsh"]))],
    [`usr/share/fish/vendor_completions.d/${name}.fish`, text(print(["completion", "fish"]))],
  ]);
}

/** `gzip -9n`: no name and no time in it. */
export const compress = (content: string): Uint8Array => gzipSync(content, { level: 9 });

/** README and docs/, where the units say that they are. */
export function documentTree(checkout: string): Tree {
  const readme = readFileSync(join(checkout, "README.md"), "utf8");
  const pages = globSync("docs/**/*.md", { cwd: checkout }).sort();
  return new Map([
    ["usr/share/doc/keysystem/README.md", text(readme.replaceAll("](docs/", "]("))],
    ...pages.map(
      (path) =>
        [
          join("usr/share/doc/keysystem", path.slice("docs/".length)),
          text(readFileSync(join(checkout, path))),
        ] as const,
    ),
  ]);
}

/** The program's name in the search path. */
export const commandLink = (name: Program): Tree =>
  new Map([[`usr/bin/${name}`, link(`../lib/keysystem/${frontOf(name)}`)]]);
