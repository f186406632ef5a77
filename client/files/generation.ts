import { Type, type Static } from "typebox";
import { CredentialRecord } from "../agent/credential.ts";

/** One file of a generation, with its content and what it is to belong to. */
export const StoredFile = Type.Object({
  path: Type.String(),
  uid: Type.Integer(),
  gid: Type.Integer(),
  mode: Type.Integer(),
  /** Base64. */
  content: Type.String(),
});
export type StoredFile = Static<typeof StoredFile>;

/**
 * All files of a credential that fit each other, with the record that describes them.
 *
 * Key before certificate: they are put in place in this order. Kept as one file, so that a
 * generation is there as a whole or not at all.
 */
export const Generation = Type.Object({
  schema: Type.Literal(1),
  grant: Type.String(),
  files: Type.Array(StoredFile),
  record: Type.Optional(CredentialRecord),
});
export type Generation = Static<typeof Generation>;

/** The content of a stored file. */
export const contentOf = (file: StoredFile): Buffer => Buffer.from(file.content, "base64");
