import { asObject, type Draft, type Value } from "./random-policy.ts";

/**
 * A draft without what means nothing: spans in seconds, defaults filled in, orders that do not count.
 * Two drafts with one `strictMeaning` are the same policy; two with different `looseMeaning` are not.
 */

/** Keeps the order of what becomes a certificate. */
export const strictMeaning = (draft: Draft): string => JSON.stringify(meaningOf(draft, false));
/** Sorts every list. */
export const looseMeaning = (draft: Draft): string => JSON.stringify(meaningOf(draft, true));

const ORDERLESS: ReadonlySet<string> = new Set(
  "to from also-in roles keys may-choose extensions admit operate is not in".split(" "),
);
const SPANS: ReadonlySet<string> = new Set(
  "lifetime max-lifetime backdate max-age use-last token-lifetime lifetime-over".split(" "),
);

function meaningOf(draft: Draft, isLoose: boolean): Value {
  const { tests = {}, authorities = {}, grants = {}, directories = {}, ...rest } = draft;
  const filled = {
    ...rest,
    directories: mapValues(directories, (directory) => ({
      "when-unreachable": "deny",
      ...directory,
    })),
    authorities: mapValues(authorities, fillAuthority),
    grants: mapValues(grants, (grant) => fillGrant(grant, authorities)),
    tests: Object.values(tests)
      .map((test) => JSON.stringify(plain(test, "", true)))
      .toSorted(),
  };
  return plain(filled, "", isLoose);
}

type Fields = { readonly [key: string]: Value };

const mapValues = (of: Fields, change: (value: Fields) => Fields): Fields =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(asObject(value))]));

const fillAuthority = (authority: Fields): Fields => ({
  backdate: "5m",
  "max-lifetime": authority["lifetime"] ?? "",
  ...authority,
});

function fillGrant(written: Fields, authorities: Fields): Fields {
  const grant = Object.fromEntries(Object.entries(written).filter(([key]) => key !== "wildcard"));
  const authority = asObject(authorities[wordOf(grant["issue"])]);
  if (grant["admit"] !== undefined) return { "token-lifetime": "1h", ...grant };
  if (grant["issue"] === undefined) return grant;
  const timed = { lifetime: authority["lifetime"] ?? "", ...grant };
  if (authority["kind"] !== "ssh-user") return timed;
  const { "choose-at-most": most, ...others }: Fields = { extensions: ["permit-pty"], ...timed };
  const offered = others["may-choose"];
  const { length } = Array.isArray(offered) ? offered : [];
  return length === 0
    ? others
    : { ...others, "choose-at-most": Math.min(Number(most ?? length), length) };
}

function plain(value: Value, key: string, isLoose: boolean): Value {
  if (typeof value === "string" && SPANS.has(key)) return seconds(value);
  if (Array.isArray(value)) {
    const [only] = value;
    // One entry may stand without brackets.
    if (value.length === 1 && only !== undefined) return plain(only, "", isLoose);
    const items = value.map((item: Value) => plain(item, "", isLoose));
    return isLoose || ORDERLESS.has(key) ? items.toSorted(byText) : items;
  }
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, of]) => [name, plain(of, name, isLoose)]));
}

const wordOf = (value: Value | undefined): string => (typeof value === "string" ? value : "");

const byText = (a: Value, b: Value): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

const seconds = (span: string): number =>
  Number(span.slice(0, -1)) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[span.slice(-1)] ?? Number.NaN);
