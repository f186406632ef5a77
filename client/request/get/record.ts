import { hash } from "node:crypto";
import { join } from "node:path";
import { Type } from "typebox";
import { Check } from "typebox/value";
import type { Cluster } from "../session/cluster.ts";
import {
  readPrivateFile,
  SECRET,
  writePrivateFile,
  type DataFolder,
} from "../held/private-file.ts";

/** What `keyreq get` put where, so that it replaces nothing else: by path, SHA-256 of the content. */
const Delivered = Type.Record(
  Type.String(),
  Type.Object({ grant: Type.String(), sha256: Type.String() }),
);

/** The memory of what was put where. */
export type DeliveryRecord = {
  /** Whether this is what was put there for the grant, unchanged. */
  readonly holds: (path: string, grant: string, content: Buffer) => boolean;
  readonly add: (
    grant: string,
    files: readonly { readonly path: string; readonly content: string | Buffer }[],
  ) => void;
};

/** Opens it; one that is damaged knows nothing. @throws Failure */
export function openRecord(data: DataFolder, { places }: Cluster): DeliveryRecord {
  const file = join(places.folder, "delivered.json");
  return {
    holds(path, grant, content) {
      const known = read(data, file)[path];
      return known?.grant === grant && known.sha256 === hash("sha256", content);
    },
    add(grant, files) {
      const added = files.map(({ path, content }) => [
        path,
        { grant, sha256: hash("sha256", content) },
      ]);
      const all = { ...read(data, file), ...Object.fromEntries(added) };
      writePrivateFile(data, file, `${JSON.stringify(all, null, 2)}\n`, SECRET);
    },
  };
}

function read(data: DataFolder, file: string) {
  try {
    const value: unknown = JSON.parse(readPrivateFile(data, file) ?? "{}");
    return Check(Delivered, value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
