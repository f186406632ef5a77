import type { Subject } from "../../policy/decision.ts";

/** Who a request comes from, once that was proven; `from` is absent on the admin socket. */
export type Caller = {
  readonly subject: Subject;
  /** Canonical text of the peer's address. */
  readonly from?: string;
};
