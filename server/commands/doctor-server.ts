import type { Status } from "../../protocol/admin-messages.ts";
import type { Finding } from "./doctor-finding.ts";
import { relativeTime } from "./terminal.ts";

/** What server.yaml connects; what it does not cannot be out of order. */
export type Connected = { readonly kerberos: boolean; readonly ldap: boolean };

/** What a running keyserver says of itself, one finding for each part; `now` in seconds since 1970. */
export function checkServer(status: Status, connected: Connected, now: number): readonly Finding[] {
  const { policy, checkpoint, ownCertificateEnds } = status;
  const problems = status.problems.map(sortProblem);
  const part = (name: string, text: string, isUsed = true): readonly Finding[] => {
    const own = problems.filter((problem) => problem.name === name);
    if (own.length > 0) return own;
    return [{ name, state: isUsed ? "ok" : "skipped", text }];
  };
  return [
    {
      name: "server",
      state: "ok",
      text: `answers, started ${relativeTime(status.startedAt, now)}`,
    },
    ...part("ledger", `takes entries, ${checkpoint.size} in its log`),
    ...part("signer", "answers, and holds the policy in force"),
    ...part("certificate", `keyserver's own ends ${relativeTime(ownCertificateEnds, now)}`),
    ...part(
      "policy",
      `${policy.hash.slice(0, 8)} in force, applied ${relativeTime(policy.appliedAt, now)}`,
    ),
    ...part("kerberos", "the keytab has the key", connected.kerberos).map(unlessUnused),
    ...part("ldap", "the directory answers", connected.ldap).map(unlessUnused),
    ...problems.filter(({ name }) => FIXES[name] === undefined),
    ...checkAuthorities(status.authorities, now),
  ];
}

const unlessUnused = (finding: Finding): Finding =>
  finding.state === "skipped" ? { ...finding, text: "server.yaml names none" } : finding;

const FIXES: Readonly<Record<string, string>> = {
  ledger: "make room or mend the disk (dmesg); after a failed sync: systemctl restart keyserver",
  signer: "systemctl restart keyserver      and read:  journalctl -u keysigner",
  certificate: "systemctl restart keyserver      and read:  journalctl -u keyserver",
  kerberos: "klist -k KEYTAB      then:  chown, chmod or ktadd (docs/operations.md, People)",
  ldap: "mend it there or in server.yaml; until then grants that ask it are refused",
  policy: "keyserver policy diff      then apply it, or take it back:  keyserver policy rollback N",
};

/** A problem as `status` says it: `ledger: …`; what has no such beginning is about the policy. */
function sortProblem(text: string): Finding {
  const [, name = "policy", rest = text] = /^([a-z]+): (.*)$/s.exec(text) ?? [];
  return { name, state: "problem", text: rest, fix: FIXES[name] ?? "keyserver status" };
}

const DAY = 86_400;

/** Nothing renews an authority by itself, and it takes weeks until everything trusts the next. */
function checkAuthorities(authorities: Status["authorities"], now: number): readonly Finding[] {
  const name = "authorities";
  const fix = "make a new one under a new name, and let grants and anchors go over to it";
  const ending = authorities.flatMap((authority): readonly Finding[] => {
    if (authority.notAfter === undefined) return [];
    const left = Date.parse(authority.notAfter) / 1000 - now;
    if (left > 180 * DAY) return [];
    const text = `${authority.name} ${left > 0 ? "ends" : "ended"} ${relativeTime(authority.notAfter, now)}`;
    return [{ name, state: left > 30 * DAY ? "warning" : "problem", text, fix }];
  });
  if (ending.length > 0) return ending;
  return [{ name, state: "ok", text: `${authorities.length}, none ends within half a year` }];
}
