import { TAG, type DerReader } from "./der-reader.ts";
import { derElement } from "./der-writer.ts";
import { FormatError } from "./format-error.ts";

const SECONDS_PER_DAY = 86_400;
/** 2050-01-01T00:00:00Z: from here on GeneralizedTime (RFC 5280 §4.1.2.5). */
const GENERALIZED_FROM = 2_524_608_000;
/** 9999-12-31T23:59:59Z. */
const LAST = 253_402_300_799;

/** A Time of a certificate (RFC 5280 §4.1.2.5) from seconds since 1970: UTCTime until 2049, then GeneralizedTime. */
export function derTime(seconds: number): Buffer {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > LAST) {
    throw new TypeError(`not a time of a certificate: ${seconds}`);
  }
  const text = textOf(seconds);
  return seconds < GENERALIZED_FROM
    ? derElement(TAG.utcTime, Buffer.from(text.slice(2), "latin1"))
    : derElement(TAG.generalizedTime, Buffer.from(text, "latin1"));
}

/** Reads a Time, as seconds since 1970. @throws FormatError unless {@link derTime} would write the same. */
export function readTime(reader: DerReader): number {
  const utc = reader.next(TAG.utcTime);
  const tag = utc ? TAG.utcTime : TAG.generalizedTime;
  const text = reader.content(tag).toString("latin1");
  // RFC 5280 §4.1.2.5.1: two digits below 50 belong to this century
  const full = utc ? `${text.slice(0, 2) < "50" ? "20" : "19"}${text}` : text;
  const at = (from: number, to: number): number => Number(full.slice(from, to));
  const seconds =
    Date.UTC(at(0, 4), at(4, 6) - 1, at(6, 8), at(8, 10), at(10, 12), at(12, 14)) / 1000;
  const before1970 = !(seconds >= 0);
  if (!before1970 && textOf(seconds) === full && utc === seconds < GENERALIZED_FROM) return seconds;
  throw new FormatError(`not a time of a certificate: ${JSON.stringify(text)}`);
}

/** `YYYYMMDDHHMMSSZ`. */
function textOf(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const [year, month, day] = civilDate(days);
  const rest = seconds - days * SECONDS_PER_DAY;
  const hour = Math.floor(rest / 3600);
  const minute = Math.floor(rest / 60) % 60;
  return `${year}${two(month)}${two(day)}${two(hour)}${two(minute)}${two(rest % 60)}Z`;
}

/**
 * Year, month and day of a number of days since 1970 in the Gregorian calendar. Counts in years
 * that begin in March, so that the leap day is the last day.
 */
function civilDate(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  );
  const ofYear = ofEra - 365 * yearOfEra - Math.floor(yearOfEra / 4) + Math.floor(yearOfEra / 100);
  const march = Math.floor((5 * ofYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1;
  return [era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day];
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
