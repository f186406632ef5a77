import { join, relative } from "node:path";
import { rolldown, type OutputChunk } from "rolldown";
import { placeModule } from "./own-place.ts";

/** A program in modules of its own, and what it takes with it. */
export type Bundle = {
  /** Paths relative to the folder of the bundle; every other module comes before the entry. */
  readonly modules: ReadonlyMap<string, string>;
  /** Files and folders of the checkout that the program reads, relative to it. */
  readonly resources: readonly string[];
  /** Folders of the npm packages of which something is in the modules. */
  readonly packages: readonly string[];
};

/** Programs by name, with the source that each begins with; the bundle is `lib/NAME/NAME.js`. */
export const PROGRAMS = {
  keyserver: "server/keyserver.ts",
  keysigner: "keys/signer/main.ts",
  keyclient: "client/keyclient.ts",
  keyreq: "client/keyreq.ts",
} as const;

export type Program = keyof typeof PROGRAMS;

/** Packages with native code, which stay packages. */
export const NATIVE = ["better-sqlite3", "kerberos"] as const;

const ENTRIES = new Map(
  Object.entries(PROGRAMS).map(([name, source]) => [source, `lib/${name}/${name}.js`] as const),
);

/**
 * Bundles one program of the checkout.
 *
 * Each has modules of its own, also where two programs share a source: packages are replaced one
 * after the other, and a program must find the modules that it was made with at every moment.
 */
export async function bundleProgram(checkout: string, program: Program): Promise<Bundle> {
  const resources = new Set<string>();
  const build = await rolldown({
    input: { [program]: join(checkout, PROGRAMS[program]) },
    cwd: checkout,
    platform: "node",
    external: [...NATIVE],
    plugins: [
      {
        name: "own-place",
        transform(code, id) {
          if (!isOurs(checkout, id) || !code.includes("import.meta")) return null;
          const placed = placeModule(relative(checkout, id), code, ENTRIES);
          for (const resource of placed.resources) resources.add(resource);
          return placed.code;
        },
      },
    ],
  });
  try {
    // Named by content, and before the entry in every listing: dpkg puts files in their places in that order.
    const { output } = await build.generate({
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "code-[hash].js",
      comments: { legal: false },
    });
    const chunks = output.filter((part) => part.type === "chunk");
    return {
      modules: new Map(chunks.map(({ fileName, code }) => [fileName, code])),
      resources: [...resources].sort(),
      packages: packagesOf(checkout, chunks),
    };
  } finally {
    await build.close();
  }
}

const isOurs = (checkout: string, id: string): boolean =>
  id.startsWith(`${checkout}/`) && !id.includes("/node_modules/");

const PACKAGE = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

function packagesOf(checkout: string, chunks: readonly OutputChunk[]): readonly string[] {
  const folders = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .map((id) => PACKAGE.exec(id)?.groups?.["folder"])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].map((folder) => relative(checkout, folder)).sort();
}
