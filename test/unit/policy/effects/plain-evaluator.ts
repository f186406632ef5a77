import { parse } from "yaml";

/**
 * A second reading of a policy's text, as plain as can be: no code of the house, everything worked
 * out anew for each request. It knows what a sound policy is and checks nothing.
 */

/** Who asks: a node, or a person with facts. */
export type PlainSubject =
  | { readonly node: string }
  | { readonly user?: string; readonly principal?: string; readonly facts: readonly string[] };

/** What is asked for. */
export type PlainAsk = {
  readonly grant: string;
  readonly from?: string;
  readonly lifetime?: number;
  readonly choose?: readonly string[];
  readonly reason?: string;
  readonly key?: string;
  readonly node?: string;
};

/** Undefined: denied. Otherwise everything that is given, by the names that the file uses. */
export type PlainAnswer =
  { readonly [field: string]: string | number | readonly string[] } | undefined;

type Fields = { readonly [key: string]: unknown };

const SYSTEM = new Set(
  (
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup _apt adm operator halt shutdown ftp sshd " +
    "messagebus polkitd dbus systemd-network systemd-resolve systemd-timesync systemd-coredump etcd ceph kube kubelet prometheus postgres docker " +
    "containerd keyserver keysigner keyclient"
  ).split(" "),
);

const map = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
const word = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? `${value}` : "";
const list = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(word) : [word(value)];
const span = (value: unknown): number => {
  const text = word(value);
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[text.slice(-1)] ?? Number.NaN;
  return Number(text.slice(0, -1)) * unit;
};

/** Answers one request by the text of a sound policy. */
export function evaluate(text: string, subject: PlainSubject, ask: PlainAsk): PlainAnswer {
  return evaluateParsed(map(parse(text)), subject, ask);
}

/** The same for a text that was parsed before. */
export function evaluateParsed(policy: Fields, subject: PlainSubject, ask: PlainAsk): PlainAnswer {
  const grant = map(policy["grants"])[ask.grant];
  if (grant === undefined) return undefined;
  const fields = map(grant);
  const node = "node" in subject ? map(policy["nodes"])[subject.node] : undefined;
  if ("node" in subject) {
    if (node === undefined) return undefined;
    const address = map(node)["address"];
    if (ask.from !== undefined && address !== undefined && ask.from !== address) return undefined;
  }
  const called = identities(policy, subject);
  if (!list(fields["to"]).some((name) => called.has(name))) return undefined;
  if (!isWithinLimits(policy, fields, ask)) return undefined;
  const answer = give(policy, fields, subject, ask);
  if (answer === undefined) return undefined;
  const rules = Array.isArray(policy["never"]) ? policy["never"].map(map) : [];
  return rules.some((rule) => forbids(policy, rule, called, answer)) ? undefined : answer;
}

function identities(policy: Fields, subject: PlainSubject): ReadonlySet<string> {
  if ("node" in subject)
    return new Set(["nodes", ...list(map(map(policy["nodes"])[subject.node])["roles"])]);
  const facts = new Set(subject.facts);
  if (subject.principal !== undefined) facts.add(`kerberos:${subject.principal}`);
  const groups = Object.entries(map(policy["people"])).filter(
    ([, group]) =>
      list(map(group)["from"]).some((fact) => facts.has(fact)) &&
      list(map(group)["also-in"]).every((fact) => facts.has(fact)),
  );
  return new Set(["people", ...groups.map(([name]) => name)]);
}

function isWithinLimits(policy: Fields, grant: Fields, ask: PlainAsk): boolean {
  const ranges = rangesOf(policy, grant);
  if (grant["source-address"] !== undefined) {
    const { from } = ask;
    if (from === undefined || !ranges.some((range) => isIn(from, range))) return false;
  }
  if (grant["reason"] === "required" && (ask.reason ?? "").trim() === "") return false;
  const authority = map(map(policy["authorities"])[word(grant["issue"])]);
  if (
    grant["issue"] !== undefined &&
    ask.key !== undefined &&
    !list(authority["keys"]).includes(ask.key)
  )
    return false;
  const choose = ask.choose ?? [];
  if (choose.length > 0) {
    const offered = list(grant["may-choose"]);
    const most = Number(grant["choose-at-most"] ?? offered.length);
    if (choose.some((name) => !offered.includes(name))) return false;
    if (new Set(choose).size > most || choose.length > offered.length) return false;
  }
  const longest = longestOf(policy, grant);
  if (ask.lifetime === undefined || longest === undefined) return true;
  return Number.isInteger(ask.lifetime) && ask.lifetime >= 1 && ask.lifetime <= longest;
}

const rangesOf = (policy: Fields, grant: Fields): readonly string[] =>
  list(grant["source-address"]).flatMap((name) =>
    list(map(map(policy["cluster"])["networks"])[name]),
  );

/** Whole-octet IPv4 ranges only, and never an IPv6 address. */
function isIn(address: string, range: string): boolean {
  const [base = "", bits = ""] = range.split("/");
  if (range.includes(":") || address.includes(":")) return false;
  const octets = Number(bits) / 8;
  return address.split(".").slice(0, octets).join() === base.split(".").slice(0, octets).join();
}

function longestOf(policy: Fields, grant: Fields): number | undefined {
  if (grant["admit"] !== undefined) return span(grant["token-lifetime"] ?? "1h");
  if (grant["issue"] === undefined) return undefined;
  const authority = map(map(policy["authorities"])[word(grant["issue"])]);
  return span(grant["lifetime"] ?? authority["lifetime"]);
}

function give(policy: Fields, grant: Fields, subject: PlainSubject, ask: PlainAsk): PlainAnswer {
  if (grant["fetch"] !== undefined) return { fetch: word(grant["fetch"]) };
  if (grant["operate"] !== undefined) return { operate: list(grant["operate"]) };
  const lifetime = ask.lifetime ?? longestOf(policy, grant) ?? 0;
  if (grant["admit"] !== undefined) {
    const admitted = map(policy["nodes"])[ask.node ?? ""];
    const roles = list(map(admitted)["roles"]);
    if (admitted === undefined || roles.some((role) => !list(grant["admit"]).includes(role)))
      return undefined;
    return { admit: roles, node: ask.node ?? "", lifetime };
  }
  const name = word(grant["issue"]);
  const authority = map(map(policy["authorities"])[name]);
  const write = (text: string): string | undefined => fill(policy, subject, text);
  const head = { issue: name, lifetime, backdate: span(authority["backdate"] ?? "5m") };
  const texts = (key: string): readonly (string | undefined)[] => [
    ...new Set(list(grant[key]).map(write)),
  ];
  const all = [...texts("cn"), ...texts("o"), ...texts("names"), ...texts("principals")];
  if (all.some((text) => text === undefined)) return undefined;
  const sure = (key: string): readonly string[] => texts(key).filter((text) => text !== undefined);
  if (authority["kind"] === "tls")
    return {
      ...head,
      cn: sure("cn"),
      o: sure("o"),
      name: addressesLast(sure("names")),
      usage: list(grant["usage"]),
    };
  if (authority["kind"] === "ssh-host") return { ...head, name: sure("names") };
  return {
    ...head,
    principal: [...new Set([...sure("principals"), ...(ask.choose ?? [])])],
    extensions: list(grant["extensions"] ?? ["permit-pty"]).toSorted(),
    source: rangesOf(policy, grant),
    command: list(grant["force-command"]),
  };
}

const addressesLast = (names: readonly string[]): readonly string[] => {
  const isAddress = (name: string): boolean => /^[0-9.]+$|:/.test(name);
  return [...names.filter((name) => !isAddress(name)), ...names.filter(isAddress)];
};

/** Puts values in; undefined when there is none, or a name comes out that somebody else has. */
function fill(policy: Fields, subject: PlainSubject, text: string): string | undefined {
  const cluster = map(policy["cluster"]);
  const constant = text.replaceAll("<domain>", word(cluster["domain"]));
  if (!constant.includes("<")) return constant;
  const values = valuesOf(policy, subject);
  const filled = constant.replaceAll(/<([a-z]+)>/g, (whole, name: string) => values[name] ?? whole);
  if (filled.includes("<")) return undefined;
  if (takenNames(policy).has(filled) || SYSTEM.has(filled)) return undefined;
  if (constant.includes("<user>") && SYSTEM.has(values["user"] ?? "")) return undefined;
  return filled;
}

function valuesOf(policy: Fields, subject: PlainSubject): { readonly [name: string]: string } {
  const cluster = map(policy["cluster"]);
  if ("node" in subject) {
    const address = map(map(policy["nodes"])[subject.node])["address"];
    const fqdn = `${subject.node}.${word(cluster["domain"])}`;
    return { node: subject.node, fqdn, ...(address !== undefined && { address: word(address) }) };
  }
  const { principal, user } = subject;
  const [name = "", realm] = (principal ?? "").split("@");
  const own =
    user ?? (realm !== undefined && realm === cluster["realm"] ? name.split("/")[0] : undefined);
  return { ...(own !== undefined && { user: own }), ...(principal !== undefined && { principal }) };
}

/** Names that stand written out in a grant or in a rule. */
function takenNames(policy: Fields): ReadonlySet<string> {
  const domain = word(map(policy["cluster"])["domain"]);
  const written = Object.values(map(policy["grants"])).flatMap((grant) =>
    ["cn", "o", "names", "principals", "may-choose"].flatMap((key) =>
      map(grant)["issue"] === undefined ? [] : list(map(grant)[key]),
    ),
  );
  const rules = Array.isArray(policy["never"])
    ? policy["never"].map((rule) => map(map(rule)["gets"]))
    : [];
  const ruled = rules.flatMap((gets) =>
    ["principal", "cn", "o", "name"].flatMap((key) => list(gets[key])),
  );
  const names = [...written, ...ruled.filter((name) => !name.endsWith("*"))];
  return new Set(
    names.map((name) => name.replaceAll("<domain>", domain)).filter((name) => !name.includes("<")),
  );
}

function forbids(
  policy: Fields,
  rule: Fields,
  called: ReadonlySet<string>,
  answer: NonNullable<PlainAnswer>,
): boolean {
  const who = map(rule["who"]);
  const isAimed =
    who["is"] === undefined
      ? !list(who["not"]).some((name) => called.has(name))
      : list(who["is"]).some((name) => called.has(name));
  const domain = word(map(policy["cluster"])["domain"]);
  return (
    isAimed &&
    Object.entries(map(rule["gets"])).every(([key, wanted]) => {
      const names = list(answer["name"]);
      if (key === "wildcard") return names.some((name) => name.startsWith("*."));
      if (key === "lifetime-over")
        return answer["issue"] !== undefined && Number(answer["lifetime"]) > span(wanted);
      const patterns = list(wanted).map((pattern) => pattern.replaceAll("<domain>", domain));
      return list(answer[key]).some((name) =>
        patterns.some((pattern) => isMatch(key, name, pattern)),
      );
    })
  );
}

/** `*` at the end stands for anything; a certificate for `*.parent` is one for `x.parent` too. */
function isMatch(key: string, name: string, pattern: string): boolean {
  const isPrefix = pattern.endsWith("*");
  const wanted = isPrefix ? pattern.slice(0, -1) : pattern;
  if (isPrefix ? name.startsWith(wanted) : name === wanted) return true;
  if (!name.startsWith("*.") || key !== "name" || !wanted.includes(".")) return false;
  const rest = wanted.slice(wanted.indexOf(".") + 1);
  if (rest === "") return false;
  return isPrefix ? name.slice(2).startsWith(rest) : name.slice(2) === rest;
}
