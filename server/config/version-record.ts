import type { Counts } from "../../policy/effects/diff/count.ts";

/** What is written of a version of the policy beside its files; without it a version does not count. */
export type VersionRecord = {
  /** From 1. */
  readonly number: number;
  /** SHA-256, hex. */
  readonly hash: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly by: string;
  /** How much it changed, where that is known. */
  readonly changes?: Counts;
};

/**
 * Reads a record; undefined for what is none.
 *
 * By hand: a schema takes longer to load than most commands take to run.
 *
 * @throws SyntaxError for what is no JSON
 */
export function parseVersionRecord(text: string): VersionRecord | undefined {
  const { number, hash, at, by, changes } = fieldsOf(JSON.parse(text));
  if (!isAmount(number) || number < 1 || !isHash(hash)) return undefined;
  if (!isAmount(at) || typeof by !== "string") return undefined;
  const record = { number, hash, at, by };
  if (changes === undefined) return record;
  const counts = countsOf(fieldsOf(changes));
  return counts && { ...record, changes: counts };
}

function countsOf({ gained, lost, changed, loosened, tightened }: Fields): Counts | undefined {
  if (!isAmount(gained) || !isAmount(lost) || !isAmount(changed)) return undefined;
  if (!isAmount(loosened) || !isAmount(tightened)) return undefined;
  return { gained, lost, changed, loosened, tightened };
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? { ...value } : {};

const isAmount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isHash = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
