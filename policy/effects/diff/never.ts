import type { Condition, NeverRule, Pattern } from "../../model.ts";
import { formatDuration } from "../../text/duration.ts";
import { changeIn, gone, signOf, type Change } from "./change.ts";
import type { Pair } from "./deltas.ts";
import { without } from "./field-changes.ts";

/** Rules that are new, gone or otherwise; each by its id. A rule that moves is the same. */
export function neverChanges({ before, after }: Pair): readonly Change[] {
  const [old, now] = [rulesOf(before.never), rulesOf(after.never)];
  const ids = [...new Set([...now.keys(), ...old.keys()])];
  return ids.flatMap((id) => {
    const [was, is] = [old.get(id), now.get(id)];
    if (was !== undefined && is !== undefined) return changedRule(was, is);
    if (is !== undefined)
      return [ruleChange(is, `NEW: forbids ${ruleText(is)}`, { gains: false, loses: true })];
    const text = "REMOVED: what it forbade is now possible";
    return was === undefined ? [] : [gone(ruleChange(was, text, { gains: true, loses: false }))];
  });
}

const rulesOf = (rules: readonly NeverRule[]): ReadonlyMap<string, NeverRule> =>
  new Map(rules.map((rule) => [rule.id, rule]));

type Direction = Pick<Change, "gains" | "loses">;

const ruleChange = ({ id, place }: NeverRule, text: string, direction: Direction): Change =>
  changeIn("limits", signOf(direction), {
    what: `never ${id}`,
    text,
    place,
    rule: id,
    ...direction,
  });

function changedRule(old: NeverRule, now: NeverRule): readonly Change[] {
  const directions = [compareWho(old, now), compareGets(old.gets, now.gets)];
  const gains = directions.some((direction) => direction.gains);
  const loses = directions.some((direction) => direction.loses);
  if (gains || loses) {
    const word = gains ? "LOOSENED" : "TIGHTENED";
    const text = `${word}: ${ruleText(old)} -> ${ruleText(now)}`;
    return [ruleChange(now, text, { gains, loses })];
  }
  if (old.because === now.because) return [];
  const text = `because ${old.because ?? "none"} -> ${now.because ?? "none"}`;
  return [ruleChange(now, text, { gains: false, loses: false })];
}

/** More people named by `not`, or fewer by `is`, are free of the rule. */
function compareWho({ who: old }: NeverRule, { who: now }: NeverRule): Direction {
  if (old.mode !== now.mode) return { gains: true, loses: true };
  const [was, is] = [namesOf(old), namesOf(now)];
  const [more, less] = [without(is, was).length > 0, without(was, is).length > 0];
  return now.mode === "not" ? { gains: more, loses: less } : { gains: less, loses: more };
}

const namesOf = ({ names }: NeverRule["who"]): readonly string[] => names.map(({ text }) => text);

/** All conditions must be met, so one more of them forbids less. */
function compareGets(old: readonly Condition[], now: readonly Condition[]): Direction {
  const [was, is] = [byAspect(old), byAspect(now)];
  const aspects = [...new Set([...was.keys(), ...is.keys()])];
  const directions = aspects.map((aspect): Direction => {
    const [before, after] = [was.get(aspect), is.get(aspect)];
    if (before === undefined || after === undefined)
      return { gains: before === undefined, loses: after === undefined };
    return compareCondition(before, after);
  });
  return {
    gains: directions.some(({ gains }) => gains),
    loses: directions.some(({ loses }) => loses),
  };
}

const byAspect = (conditions: readonly Condition[]): ReadonlyMap<string, Condition> =>
  new Map(
    conditions.map((condition) => [
      condition.kind === "matches" ? condition.aspect : condition.kind,
      condition,
    ]),
  );

/** One pattern of several is enough, so one more of them forbids more. */
function compareCondition(old: Condition, now: Condition): Direction {
  if (old.kind === "lifetime-over" && now.kind === "lifetime-over")
    return { gains: now.seconds > old.seconds, loses: now.seconds < old.seconds };
  if (old.kind !== "matches" || now.kind !== "matches") return { gains: false, loses: false };
  const [was, is] = [old.patterns.map(patternText), now.patterns.map(patternText)];
  return { gains: without(was, is).length > 0, loses: without(is, was).length > 0 };
}

const patternText = ({ kind, text }: Pattern): string => (kind === "prefix" ? `${text}*` : text);

function ruleText({ who, gets }: NeverRule): string {
  const names = namesOf(who).join(", ");
  const whom = who.mode === "is" ? `for ${names}` : `for all but ${names}`;
  return `${gets.map(conditionText).join(" with ")} ${whom}`;
}

function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case "matches":
      return `${condition.aspect} ${condition.patterns.map(patternText).join(", ")}`;
    case "lifetime-over":
      return `a lifetime over ${formatDuration(condition.seconds)}`;
    case "wildcard":
      return "a wildcard";
  }
}
