import { statSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Check } from "typebox/value";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { RequestDeps } from "../deps.ts";
import type { ClusterPlaces } from "../places.ts";
import { readPrivateFile, writePrivateFile } from "../held/private-file.ts";

type HoldOffDeps = Pick<RequestDeps, "places" | "uid" | "now" | "environment">;

/**
 * Milliseconds for which `ssh --ensure` does not ask again: scp and git open several connections.
 * What the person can mend at once (a reason, a ticket) is not waited for.
 */
const AFTER: ReadonlyMap<number, number> = new Map([
  [EXIT.denied, 10_000],
  [EXIT.unreachable, 5000],
]);
const LONGEST = Math.max(...AFTER.values());

const HeldOff = Type.Object({
  until: Type.Integer(),
  login: Type.String(),
  exit: Type.Integer(),
  ticket: Type.String(),
});

const fileOf = (places: ClusterPlaces): string => join(places.folder, ".held-off");

/** Notes that a login was denied or nobody answered, for some seconds or until there is another ticket. @throws Failure */
export function holdOff(
  deps: HoldOffDeps,
  places: ClusterPlaces,
  { login, exit }: { readonly login: string; readonly exit: ExitCode },
): void {
  const span = AFTER.get(exit);
  if (span === undefined) return;
  const note: Static<typeof HeldOff> = {
    until: deps.now() + span,
    login,
    exit,
    ticket: stampOfTicket(deps),
  };
  writePrivateFile(deps, fileOf(places), `${JSON.stringify(note)}\n`);
}

/** The exit code that the same question had a moment ago; undefined when it is to be asked. @throws Failure */
export function readHoldOff(
  deps: HoldOffDeps,
  places: ClusterPlaces,
  login: string,
): ExitCode | undefined {
  const note = parse(readPrivateFile(deps, fileOf(places)));
  if (note === undefined || note.login !== login || note.ticket !== stampOfTicket(deps)) {
    return undefined;
  }
  const left = note.until - deps.now();
  // A clock that was set back must not lock anybody out.
  if (left <= 0 || left > LONGEST) return undefined;
  return Object.values(EXIT).find((code) => code === note.exit);
}

function parse(text: string | undefined): Static<typeof HeldOff> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Check(HeldOff, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Changes with kinit where tickets are in a file; other caches cannot be looked at without libkrb5. */
function stampOfTicket({ environment, uid }: HoldOffDeps): string {
  const cache = environment["KRB5CCNAME"] ?? `/tmp/krb5cc_${uid}`;
  try {
    const { mtimeMs, ino } = statSync(cache.replace(/^FILE:/, ""));
    return `${cache} ${mtimeMs} ${ino}`;
  } catch {
    return cache;
  }
}
