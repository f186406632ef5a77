import { changeIn, type Change } from "./change.ts";
import { deltasOf, type Pair } from "./deltas.ts";
import { definitionChanges } from "./grants.ts";
import { labelDeltas, ownName, type Labelled } from "./labels.ts";

/** What anybody gains, loses or gets otherwise, and edits of grants of which nobody feels anything now. */
export function getsChanges(pair: Pair): readonly Change[] {
  const deltas = deltasOf(pair);
  return [...labelDeltas(pair, deltas).map(changeOf), ...definitionChanges(pair, deltas)];
}

function changeOf({ who, deltas, isOpen }: Labelled): Change {
  const [first] = deltas;
  if (first === undefined) throw new TypeError("a label without deltas");
  const { sign, grant, gains, loses, text, openText } = first;
  const isGroup = first.requester.kind === "person" && first.requester.principal === undefined;
  const subjects = isGroup ? [] : deltas.map(ownName);
  return changeIn("what they can get", sign, {
    what: who,
    grant: grant.name,
    text: isOpen ? openText : text,
    place: grant.place,
    gains,
    loses,
    ...(subjects.length > 1 && { subjects }),
    ...(sign === "-" && { isGone: true }),
  });
}
