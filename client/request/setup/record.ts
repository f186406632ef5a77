import { hash } from "node:crypto";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Check } from "typebox/value";
import { readPrivateFile, writePrivateFile, type DataFolder } from "../held/private-file.ts";

/** What setup did to a file that is not its own, so that `forget --setup` can undo it to the byte. */
export type EditRecord = {
  readonly kind: "ssh" | "kube";
  readonly path: string;
  /** The file before the first setup; undefined when there was none. */
  readonly original: Buffer | undefined;
  /** SHA-256 of the file as setup left it, hex. */
  readonly left: string;
  /** Whether its folder was made too. */
  readonly madeFolder: boolean;
};

const Record = Type.Object({
  kind: Type.Union([Type.Literal("ssh"), Type.Literal("kube")]),
  path: Type.String(),
  original: Type.Optional(Type.String()),
  left: Type.String(),
  madeFolder: Type.Boolean(),
});
const RecordFile = Type.Object({ schema: Type.Literal(1), files: Type.Array(Record) });

const pathOf = ({ places }: DataFolder): string => join(places.data, "setup.json");

/** The records, none where the file is missing or damaged: then ours is cut out where it is found. @throws Failure */
export function readRecords(data: DataFolder): readonly EditRecord[] {
  const text = readPrivateFile(data, pathOf(data));
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Check(RecordFile, value) ? value.files.map(parse) : [];
  } catch {
    return [];
  }
}

const parse = ({ original, ...rest }: Static<typeof Record>): EditRecord => ({
  ...rest,
  original: original === undefined ? undefined : Buffer.from(original, "base64"),
});

/** Keeps a record instead of the one of the same file. @throws Failure */
export function keepRecord(data: DataFolder, record: EditRecord): void {
  const others = readRecords(data).filter(({ path }) => path !== record.path);
  const files = [...others, record].map(({ original, ...rest }) => ({
    ...rest,
    ...(original === undefined ? {} : { original: original.toString("base64") }),
  }));
  // Originals may hold tokens: the file is for its person alone.
  writePrivateFile(data, pathOf(data), `${JSON.stringify({ schema: 1, files }, null, 2)}\n`);
}

/** Whether a file is byte for byte what setup left. */
export const isAsLeft = ({ left }: EditRecord, content: Buffer | undefined): boolean =>
  content !== undefined && digestOf(content) === left;

/** SHA-256, hex. */
export const digestOf = (content: Buffer): string => hash("sha256", content, "hex");
