import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";

const Manifest = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Optional(Type.String()),
  author: Type.Optional(Type.Union([Type.String(), Type.Object({ name: Type.String() })])),
  dependencies: Type.Optional(Type.Record(Type.String(), Type.String())),
});

/** What we need of a package.json. */
export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  readonly author: string | undefined;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Reads `package.json` of a folder. @throws Error when it is none */
export function readManifest(folder: string): Manifest {
  const read: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { name, version, license, author, dependencies = {} } = Value.Parse(Manifest, read);
  const holder = typeof author === "object" ? author.name : author;
  return { name, version, license, author: holder || undefined, dependencies };
}
