import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import type { RequestDeps } from "./deps.ts";

/** Takes away what `keyreq setup` added, and says what that was. @throws Failure */
export function removeSetup(_deps: RequestDeps, _output: Output): Promise<void> {
  throw new Failure(EXIT.unexpected, "forget --setup is not there yet", ["keyreq help"]);
}
