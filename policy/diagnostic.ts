import type { Code } from "./codes/codes.ts";

/** A place in a policy file: 1-based line and column, and the length of the marked text. */
export type Place = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
};

/** One message about a policy file. Its code has a page: see {@link Code}. */
export type Diagnostic = {
  readonly code: Code;
  readonly severity: "error" | "warning";
  readonly place: Place;
  readonly message: string;
  /** Text behind the caret. */
  readonly label?: string;
  readonly notes: readonly { readonly place: Place; readonly message: string }[];
  readonly help?: string;
};
