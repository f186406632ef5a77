import { describe, expect, test } from "vitest";
import { nearestRefusal } from "../../../client/request/session/denial.ts";
import { findClientOffer } from "../../../client/request/session/offers.ts";
import { chooseSsh } from "../../../client/request/ssh/choice.ts";
import type { GrantOffer, Grants, RefusedGrant } from "../../../protocol/messages.ts";
import { problemOf } from "../../../protocol/problems.ts";

const CELA = "kerberos:cela/root@EXAMPLE.EDU or kerberos:huy/root@EXAMPLE.EDU";
const SILENT = problemOf("directory.unavailable", 'cannot decide: people group "users" needs ldap');

const refused = (grant: string, more: Partial<RefusedGrant> = {}): RefusedGrant => ({
  grant,
  problem: problemOf("policy.not_granted", "no"),
  verb: "issue",
  to: ["users"],
  ...more,
});
const ADMIN = refused("admin", { to: ["root-admins"], missing: [CELA] });
const USER = refused("user", { missing: ["ldap:users or gitlab:members", "ldap:active"] });
const LEFT = refused("left", { missing: ["ldap:users"] });
const STOPPED = refused("stopped", { problem: SILENT, missing: ["ldap:users"] });
const NEVER = refused("never", { problem: problemOf("policy.never", "never rule x") });

describe("of several refusals", () => {
  test.for([
    // what a directory stands before may yet be given
    { who: "cela", all: [ADMIN, USER, STOPPED], want: "stopped" },
    { who: "alice", all: [NEVER, STOPPED], want: "stopped" },
    { who: "alice", all: [USER, NEVER], want: "never" },
    // another ticket is enough
    { who: "cela", all: [USER, LEFT, ADMIN], want: "admin" },
    // groups that one can be in, before people by name
    { who: "alice", all: [ADMIN, USER], want: "user" },
    { who: "alice", all: [ADMIN, USER, LEFT], want: "left" },
    { who: "alice", all: [ADMIN, refused("second", { missing: [CELA] })], want: "admin" },
    { who: "alice", all: [], want: undefined },
  ])("$who hears of $want", ({ who, all, want }) => {
    expect(nearestRefusal(`kerberos:${who}@EXAMPLE.EDU`, all)?.grant).toBe(want);
  });
});

const grantsWith = (
  refusals: readonly RefusedGrant[],
  offers: readonly GrantOffer[] = [],
): Grants => ({
  subject: "kerberos:alice@EXAMPLE.EDU",
  now: "2026-01-01T00:00:00Z",
  grants: [...offers],
  refused: [...refusals],
});

describe("a client certificate", () => {
  const of = (authority: string, grant: RefusedGrant): RefusedGrant => ({ ...grant, authority });

  test.for([
    { all: [of("kubernetes", ADMIN), of("kubernetes", STOPPED)], exit: 4, says: /cannot decide/ },
    { all: [of("kubernetes", ADMIN), of("kubernetes", USER)], exit: 3, says: /not in users/ },
    // another authority's silence is no answer about this one
    { all: [of("kubernetes", ADMIN), of("etcd-client", STOPPED)], exit: 3, says: /root-admins/ },
    { all: [of("etcd-client", USER)], exit: 3, says: /no grant gives people/ },
  ])("is refused with $exit: $says", ({ all, exit, says }) => {
    expect(() => findClientOffer(grantsWith(all), "kubernetes")).toThrow(
      expect.objectContaining({ exit, message: expect.stringMatching(says) }),
    );
  });
});

describe("a login", () => {
  const named = (grant: RefusedGrant, ...names: string[]): RefusedGrant => ({
    ...grant,
    kind: "ssh-user",
    names,
  });
  const OFFER: GrantOffer = { grant: "any", verb: "issue", kind: "ssh-user", names: ["alice"] };

  test.for([
    { why: "her group is gone", all: [named(LEFT, "alice")], login: "alice", exit: 3 },
    { why: "nobody knows her groups", all: [named(STOPPED, "alice")], login: "alice", exit: 4 },
    { why: "nor what sshd maps", all: [named(STOPPED, "alice")], login: "storage", exit: 4 },
    {
      why: "one is sure, the other open",
      all: [named(LEFT, "alice"), named(STOPPED, "alice")],
      login: "alice",
      exit: 4,
    },
  ])("$why: exit $exit, and it is said", ({ all, login, exit }) => {
    const verdict = chooseSsh(grantsWith(all), login);
    expect(verdict).toMatchObject({ found: false, named: true, failure: { exit } });
  });

  test("that nothing is about takes what there is, whatever else is open", () => {
    const verdict = chooseSsh(grantsWith([named(STOPPED, "bob")], [OFFER]), "storage");
    expect(verdict).toMatchObject({ found: true, choice: { offer: OFFER } });
  });

  test("that nothing at all is about is nobody's", () => {
    const verdict = chooseSsh(grantsWith([named(LEFT, "alice")]), "storage");
    expect(verdict).toMatchObject({ found: false, named: false, failure: { exit: 3 } });
  });
});
