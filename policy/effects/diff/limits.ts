import type { Place } from "../../diagnostic.ts";
import type { Authority, Directory } from "../../model.ts";
import { formatDuration } from "../../text/duration.ts";
import { changeIn, keysOf, signOf, type Change, type Remark } from "./change.ts";
import type { Pair } from "./deltas.ts";
import { isSame, without } from "./field-changes.ts";
import { neverChanges } from "./never.ts";

/** What an edit makes of ceilings: authorities, directories, networks and never rules. */
export const limitChanges = (pair: Pair): readonly Change[] => [
  ...networkChanges(pair),
  ...directoryChanges(pair),
  ...authorityChanges(pair),
  ...neverChanges(pair),
];

const limit = (remark: Remark): Change => {
  const { gains = false, loses = false } = remark;
  return changeIn("limits", signOf({ gains, loses }), remark);
};

/** A limit in seconds: more of it is looser; `isCeiling` is false for what is only used where a grant says nothing. */
function spanChange(
  what: string,
  key: string,
  [old, now]: readonly [number, number],
  place: Place,
  isCeiling = true,
): readonly Change[] {
  if (old === now) return [];
  const text = `${key} ${spanText(old)} -> ${spanText(now)}`;
  return [
    limit({ what, text, place, gains: isCeiling && now > old, loses: isCeiling && now < old }),
  ];
}

const spanText = (seconds: number): string => (seconds === 0 ? "none" : formatDuration(seconds));

/** More, or fewer, of what is allowed. */
function listChange(
  what: string,
  key: string,
  [old, now]: readonly [readonly string[], readonly string[]],
  place: Place,
): readonly Change[] {
  if (isSame(old.toSorted(), now.toSorted())) return [];
  const [added, gone] = [without(now, old), without(old, now)];
  const parts = [...added.map((one) => `+${one}`), ...gone.map((one) => `-${one}`)];
  const text = [key, ...parts].filter((part) => part !== "").join(" ");
  return [limit({ what, text, place, gains: added.length > 0, loses: gone.length > 0 })];
}

function networkChanges({ before, after }: Pair): readonly Change[] {
  const [old, now] = [before.cluster.networks, after.cluster.networks];
  return keysOf(now, old).flatMap((name) => {
    const { place } = now.has(name) ? after.cluster : before.cluster;
    const what = `network ${name}`;
    const [was, is] = [old.get(name), now.get(name)];
    if (was !== undefined && is !== undefined) return listChange(what, "", [was, is], place);
    const text = `${was === undefined ? "new:" : "removed:"} ${(is ?? was ?? []).join(",")}`;
    return [limit({ what, text, place, ...(is === undefined && { isGone: true }) })];
  });
}

function directoryChanges({ before, after }: Pair): readonly Change[] {
  return keysOf(after.directories, before.directories).flatMap((name) => {
    const [old, now] = [before.directories.get(name), after.directories.get(name)];
    const what = `directory ${name}`;
    if (now === undefined || old === undefined) {
      const directory = now ?? old;
      return directory === undefined ? [] : [wholeDirectory(directory, now !== undefined)];
    }
    return [
      ...spanChange(what, "max-age", [old.maxAge, now.maxAge], now.place),
      ...spanChange(what, "use-last", [old.useLast, now.useLast], now.place),
    ];
  });
}

const wholeDirectory = ({ name, maxAge, useLast, place }: Directory, isNew: boolean): Change =>
  limit({
    what: `directory ${name}`,
    text: `${isNew ? "new" : "removed"}: max-age ${formatDuration(maxAge)}  use-last ${spanText(useLast)}`,
    place,
    ...(!isNew && { isGone: true }),
  });

function authorityChanges({ before, after }: Pair): readonly Change[] {
  return keysOf(after.authorities, before.authorities).flatMap((name) => {
    const [old, now] = [before.authorities.get(name), after.authorities.get(name)];
    if (old !== undefined && now !== undefined) return changedAuthority(old, now);
    const authority = now ?? old;
    return authority === undefined ? [] : [wholeAuthority(authority, now !== undefined)];
  });
}

function wholeAuthority(
  { name, kind, keys, maxLifetime, place }: Authority,
  isNew: boolean,
): Change {
  const text = `${isNew ? "new" : "removed"}: ${kind}  max-lifetime ${formatDuration(maxLifetime)}  keys ${keys.toSorted().join(",")}`;
  return limit({ what: `authority ${name}`, text, place, ...(!isNew && { isGone: true }) });
}

function changedAuthority(old: Authority, now: Authority): readonly Change[] {
  const { place } = now;
  const what = `authority ${now.name}`;
  const kind =
    old.kind === now.kind ? [] : [limit({ what, text: `kind ${old.kind} -> ${now.kind}`, place })];
  return [
    ...kind,
    ...listChange(what, "keys", [old.keys, now.keys], place),
    ...spanChange(what, "lifetime", [old.lifetime, now.lifetime], place, false),
    ...spanChange(what, "max-lifetime", [old.maxLifetime, now.maxLifetime], now.limit.place),
    ...spanChange(what, "backdate", [old.backdate, now.backdate], place),
  ];
}
