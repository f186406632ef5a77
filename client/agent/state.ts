import { Type, type Static } from "typebox";
import { Check } from "typebox/value";
import { EXIT } from "../../protocol/exit-codes.ts";
import { GrantOffer, ProblemSchema, Trust } from "../../protocol/messages.ts";
import { privateTo, type Disk } from "../files/disk.ts";
import { readFileAt, replaceFile } from "../files/replace-file.ts";
import { Failure } from "../terminal/failure.ts";
import { CredentialRecord, Setback } from "./credential.ts";
import { PLACES } from "./paths.ts";

/**
 * What keyclient remembers between runs. Times are RFC 3339.
 *
 * `wake`, `exit` and `stamps` are what agent/idle.ts reads by itself before anything else is loaded.
 */
export const State = Type.Object({
  schema: Type.Literal(1),
  cluster: Type.String(),
  node: Type.String(),
  /** The grant of the node's identity. */
  identity: Type.String(),
  joined: Type.String(),
  /** When there is something to do next. */
  wake: Type.String(),
  /** When this was written: a clock that is before it was set back. */
  written: Type.String(),
  /** How the last run ended. */
  exit: Type.Integer(),
  /** Files whose change is a reason to look again. */
  stamps: Type.Array(Type.Object({ path: Type.String(), stamp: Type.String() })),
  contact: Type.Optional(
    Type.Object({ at: Type.String(), server: Type.String(), ahead: Type.Optional(Type.Number()) }),
  ),
  /** When grants and trust were fetched last. */
  refreshed: Type.Optional(Type.String()),
  refresh: Type.Optional(Setback),
  offers: Type.Array(GrantOffer),
  refused: Type.Array(Type.Object({ grant: Type.String(), problem: ProblemSchema })),
  credentials: Type.Record(Type.String(), CredentialRecord),
  setbacks: Type.Record(Type.String(), Setback),
});
export type State = Static<typeof State>;

/** Parses `state.json`; undefined when it is not there. @throws Failure when it is not what keyclient wrote. */
export function readState(disk: Disk): State | undefined {
  return readJson(disk, PLACES.state, (value) => (Check(State, value) ? value : undefined));
}

/** Puts the state on disk, synced. */
export const writeState = (disk: Disk, gid: number, state: State): void =>
  writeJson(disk, PLACES.state, gid, state);

/** The anchors that this node trusts; undefined before it has joined. */
export const readTrust = (disk: Disk): Trust | undefined =>
  readJson(disk, PLACES.trust, (value) => (Check(Trust, value) ? value : undefined));

/** Puts the anchors on disk. */
export const writeTrust = (disk: Disk, gid: number, trust: Trust): void =>
  writeJson(disk, PLACES.trust, gid, trust);

function readJson<T>(
  disk: Disk,
  path: string,
  check: (value: unknown) => T | undefined,
): T | undefined {
  const file = readFileAt(disk, path, disk.uid);
  if (file === undefined) return undefined;
  const value = check(parseJson(file.content.toString()));
  if (value !== undefined) return value;
  throw new Failure(EXIT.unhealthy, `${path} is damaged or of another version of keyclient`, [
    "start anew, keeping the services' files:  keyclient leave && keyclient join STRING",
  ]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const writeJson = (disk: Disk, path: string, gid: number, value: unknown): void => {
  replaceFile(disk, path, Buffer.from(`${JSON.stringify(value)}\n`), privateTo(disk, gid));
};
