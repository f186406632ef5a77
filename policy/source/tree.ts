import type { Place } from "../diagnostic.ts";

/** A scalar, read from source text: `007` stays `007`. */
export type TextTree = {
  readonly kind: "text";
  readonly text: string;
  /** What YAML 1.2's core schema takes it for; always `string` when quoted. */
  readonly reads: "string" | "number" | "boolean" | "null";
  /** Includes the quotes. */
  readonly place: Place;
};
/** A sequence, in file order. */
export type ListTree = {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly place: Place;
};
/** A mapping whose keys are text. */
export type MapTree = {
  readonly kind: "map";
  /** In file order, every key once. */
  readonly entries: readonly Entry[];
  /** The first line of its source text, for messages. */
  readonly source: string;
  readonly place: Place;
};
/** A key and its value. */
export type Entry = { readonly key: TextTree; readonly value: Tree };

/** A YAML document without anything of YAML that a policy does not need. */
export type Tree = TextTree | ListTree | MapTree;
