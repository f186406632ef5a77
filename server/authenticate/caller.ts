import type { Subject } from "../../policy/decision.ts";
import type { DirectoryState } from "../../protocol/messages.ts";

/** Who a request comes from, once that was proven; `from` is absent on the admin socket. */
export type Caller = {
  readonly subject: Subject;
  /** Canonical text of the peer's address. */
  readonly from?: string;
  /** For people: the directories that were asked for facts about them, and what came of it. */
  readonly directories?: readonly DirectoryState[];
};
