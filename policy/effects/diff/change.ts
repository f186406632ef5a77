import type { Place } from "../../diagnostic.ts";

/** The parts of a diff, in the order in which they are shown. */
export const SECTIONS = ["who is who", "what they can get", "limits", "tests"] as const;
export type Section = (typeof SECTIONS)[number];

/**
 * One thing that an edit changes.
 *
 * `+` lets more happen, `-` lets less, `~` both or neither; which of them it is say `gains` and `loses`,
 * where a limit that is loosened gains.
 */
export type Change = {
  readonly section: Section;
  readonly sign: "+" | "-" | "~";
  /** Whom or what it is about: `any of users`, `node w4`, `never no-wildcard`. */
  readonly what: string;
  /** The grant that is concerned, where it is one. */
  readonly grant?: string;
  readonly text: string;
  /** In the new file; of what is gone, in the old one. */
  readonly place: Place;
  readonly gains: boolean;
  readonly loses: boolean;
  /** It stands in the old file only. */
  readonly isGone?: boolean;
  /** The never rule that is concerned. */
  readonly rule?: string;
  /** Everybody who is meant, where several share the line. */
  readonly subjects?: readonly string[];
};

/** What a change says beside where it belongs. */
export type Remark = Pick<Change, "what" | "text" | "place"> & Partial<Change>;

/** A change that by itself gives or takes nothing; `more` says otherwise. */
export const changeIn = (section: Section, sign: Change["sign"], remark: Remark): Change => ({
  section,
  sign,
  gains: false,
  loses: false,
  ...remark,
});

/** The keys of both maps, each once, in their order. */
export const keysOf = (
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly string[] => [...new Set([...before.keys(), ...after.keys()])];

/** What is no longer there. */
export const gone = (change: Change): Change => ({ ...change, isGone: true });

/** The sign of something that may be loosened, tightened or both. */
export function signOf({ gains, loses }: Pick<Change, "gains" | "loses">): Change["sign"] {
  if (gains === loses) return "~";
  return gains ? "+" : "-";
}
