import type { Recovery } from "../model.ts";
import type { Tree } from "../source/tree.ts";
import { formatDuration } from "../text/duration.ts";
import { readFields } from "./fields.ts";
import type { GrantAt } from "./other-grants.ts";
import { readCount, readDuration } from "./values.ts";

/** The keys of `recover:`. */
export const RECOVER_SHAPE = { within: "required", times: "required" } as const;

/** The authority whose certificates are the identities of nodes. */
const IDENTITIES = "nodes";
/** Seconds; whoever finds a disk that is older than this finds nothing. */
const LONGEST = 90 * 86_400;
/** Without a person in between. */
const MOST = 32;

/** Reads how a node may come back whose identity has ended; undefined and a message when it makes no sense. */
export function readRecover(tree: Tree, authority: string, at: GrantAt): Recovery | undefined {
  const { report } = at.declared;
  const what = `recover of grant "${at.name}"`;
  if (authority !== IDENTITIES) {
    report.error("E110", tree.place, `grant "${at.name}" has "recover" and gives no identity`, {
      label: `only a grant of authority ${IDENTITIES} has it`,
      help: "leave it out: with its identity a node gets all else that it is granted",
    });
    return undefined;
  }
  const fields = readFields(tree, what, RECOVER_SHAPE, report);
  const [withinTree, timesTree] = [fields?.("within"), fields?.("times")];
  const within = withinTree && readDuration(withinTree, `within of ${what}`, report);
  const times = timesTree && readCount(timesTree, `times of ${what}`, MOST, report);
  if (withinTree !== undefined && within !== undefined && within > LONGEST) {
    report.error(
      "E303",
      withinTree.place,
      `within of ${what} is longer than ${formatDuration(LONGEST)}`,
    );
    return undefined;
  }
  return within === undefined || times === undefined ? undefined : { within, times };
}
