import { readFileSync } from "node:fs";
import { EXIT } from "../../protocol/exit-codes.ts";
import { JoinStringError, parseJoinString, type JoinString } from "../../protocol/join-string.ts";
import { formatDuration } from "../terminal/duration.ts";
import { codeOfError, Failure } from "../terminal/failure.ts";

/** Decodes a join string. @throws Failure that says what to do about a damaged one. */
export function readJoinString(text: string): JoinString {
  try {
    return parseJoinString(text);
  } catch (error) {
    if (!(error instanceof JoinStringError)) throw error;
    throw new Failure(EXIT.usage, error.message, [
      `copy it again, or make a new one on the master:  keyserver node admit ${nodeIn(text)}`,
    ]);
  }
}

// Good enough for a hint: the string is damaged.
const nodeIn = (text: string): string => /^\s*ks1-[^-]+-([^-]+)-/.exec(text)?.[1] ?? "NODE";

/** What a join string is checked against before anything is sent. */
export type StringChecks = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** This machine's short name, where it has one. */
  readonly hostname: string | undefined;
  /** What the person says this machine is to become. */
  readonly node: string | undefined;
};

/**
 * Checks what can be checked without a connection: the node and the time.
 *
 * @throws Failure, a different one for each.
 */
export function checkJoinString(join: JoinString, { now, hostname, node }: StringChecks): void {
  const here = node ?? hostname;
  if (here !== undefined && here !== join.node) {
    throw new Failure(
      EXIT.usage,
      `the join string is for ${join.node}, and this machine is ${here}; nothing was sent`,
      [
        `make one for this machine, on the master:  keyserver node admit ${here}`,
        `or, if this machine is to become ${join.node}:  keyclient join STRING --node ${join.node}`,
      ],
    );
  }
  const left = join.expires - now / 1000;
  if (left <= 0) {
    throw new Failure(
      EXIT.unauthenticated,
      `the join string expired ${formatDuration(left)} ago by this machine's clock; nothing was sent`,
      [
        `make a new one on the master:  keyserver node admit ${join.node}`,
        "is the clock right?  date -u",
      ],
    );
  }
}

/** The first label of the machine's name; undefined where there is no such file. */
export function readHostname(file: string): string | undefined {
  try {
    const [name = ""] = readFileSync(file, "utf8").trim().split(".");
    return name === "" ? undefined : name;
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return undefined;
    throw error;
  }
}
