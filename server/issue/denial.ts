import type { Denial, Policy } from "../../policy/decision.ts";
import { undecidedGroups } from "../../policy/facts.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { Caller } from "../authenticate/caller.ts";

/**
 * The error for a request that the policy denies. Where only a directory that gave no answer stands between the
 * caller and the grant, it is not a denial: nobody knows, and asking again later may help.
 */
export function denialError(
  policy: Policy,
  caller: Caller,
  grant: string,
  { code, detail }: Pick<Denial, "code" | "detail">,
): KeysystemError {
  const undecided =
    code === "policy.not_granted" ? describeUndecided(policy, caller, grant) : undefined;
  return undecided === undefined
    ? new KeysystemError(code, `${detail}${code === "policy.not_granted" ? unclear(caller) : ""}`)
    : new KeysystemError("directory.unavailable", undecided);
}

/** That a directory has an entry for the caller from which nobody can tell who it is. */
const unclear = ({ directories = [] }: Caller): string =>
  directories
    .filter(({ state, detail }) => state === "absent" && detail !== undefined)
    .map(({ directory, detail }) => `; ${directory}: ${detail}`)
    .join("");

/** Why it cannot be decided whether the caller holds a grant; undefined when it can. */
function describeUndecided(
  policy: Policy,
  { subject, directories = [] }: Caller,
  grant: string,
): string | undefined {
  const silent = directories.filter(({ state }) => state === "unreachable");
  const names = new Set(silent.map(({ directory }) => directory));
  const [group] = undecidedGroups(policy, subject, grant, names);
  if (group === undefined) return undefined;
  const why = silent.map(({ directory, detail = "no answer", age }) => {
    const since = age === undefined ? "" : `; it last answered ${age} s ago`;
    const allowed = policy.directories.get(directory)?.useLast || undefined;
    const limit = allowed === undefined ? "" : ` (policy allows ${allowed} s)`;
    return `needs ${directory}, and ${detail}${since}${limit}`;
  });
  return `cannot decide: people group "${group}" ${why.join("; ")}`;
}
