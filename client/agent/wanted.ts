import { isIntact } from "../credential/installed.ts";
import { Failure } from "../terminal/failure.ts";
import type { GrantOffer } from "../../protocol/messages.ts";
import type { Disk } from "../files/disk.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { triedAgainAt } from "./back-off.ts";
import { dueAt } from "./schedule.ts";
import type { State } from "./state.ts";

/** A certificate to ask for now, and why. */
export type Wanted = {
  readonly recipe: Recipe;
  readonly offer: GrantOffer;
  readonly why: "missing" | "due" | "asked for" | "changed on disk" | "expired";
};

export type WantedOptions = {
  readonly disk: Disk;
  readonly recipes: ReadonlyMap<string, Recipe>;
  readonly state: State;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Grants that were named on the command line: back-off does not hold them. */
  readonly asked: ReadonlySet<string>;
  /** Only those asked for. */
  readonly only: boolean;
};

/** What to ask for now: identity first, then in the order of the policy. */
export function listWanted(options: WantedOptions): readonly Wanted[] {
  const { identity, offers } = options.state;
  const first = offers.filter((offer) => offer.grant === identity);
  const others = offers.filter((offer) => offer.grant !== identity && offer.verb === "issue");
  return [...first, ...others].flatMap((offer) => judge(options, offer));
}

function judge(options: WantedOptions, offer: GrantOffer): readonly Wanted[] {
  const { recipes, state, now, asked, only } = options;
  const recipe = recipes.get(offer.grant);
  if (recipe === undefined) return [];
  if (asked.has(offer.grant)) return [{ recipe, offer, why: "asked for" }];
  if (only || isHeldBack(state, offer.grant, now)) return [];
  const why = reasonFor(options, recipe, offer);
  return why === undefined ? [] : [{ recipe, offer, why }];
}

/** Whether an earlier failure says to wait. */
export function isHeldBack(state: State, key: string, now: number): boolean {
  const setback = state.setbacks[key];
  return setback !== undefined && now < triedAgainAt(setback, now);
}

function reasonFor(
  { disk, state, now }: WantedOptions,
  recipe: Recipe,
  offer: GrantOffer,
): Wanted["why"] | undefined {
  const record = state.credentials[offer.grant];
  if (record === undefined) return "missing";
  if (now >= Date.parse(record.notAfter)) return "expired";
  if (now >= dueAt(state.node, record, offer)) return "due";
  return isStanding(disk, recipe, record.certificate) ? undefined : "changed on disk";
}

// A target that is refused is reported where it is written to.
function isStanding(disk: Disk, recipe: Recipe, certificate: string): boolean {
  try {
    return isIntact(disk, recipe, Buffer.from(certificate, "base64"));
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
