import type { ExitCode } from "../../protocol/exit-codes.ts";
import type { Failure } from "../terminal/failure.ts";
import type { Activation } from "./activate.ts";
import type { Wanted } from "./wanted.ts";

/** What a run did. */
export type CycleReport = {
  readonly renewed: readonly Renewed[];
  readonly failed: readonly Failed[];
  readonly activations: readonly Activated[];
  /** Grants whose interrupted renewal was finished. */
  readonly recovered: readonly string[];
  /** What kept the whole run from its work: no connection, a wrong clock, a lost identity. */
  readonly obstacle?: Failure;
  readonly exit: ExitCode;
};

/** A credential that was renewed. */
export type Renewed = {
  readonly grant: string;
  readonly why: Wanted["why"];
  readonly serial: string;
};
/** A credential that was not, and why. */
export type Failed = { readonly grant: string; readonly code: string; readonly message: string };
/** What became of a credential's service after its files were in place. */
export type Activated = { readonly grant: string; readonly activation: Activation };

/** A report that is being written. */
export type Draft = {
  readonly renewed: Renewed[];
  readonly failed: Failed[];
  readonly activations: Activated[];
};
