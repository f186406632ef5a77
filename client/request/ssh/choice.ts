import { EXIT } from "../../../protocol/exit-codes.ts";
import type { GrantOffer, Grants, RefusedGrant } from "../../../protocol/messages.ts";
import { Failure } from "../../terminal/failure.ts";
import { explainRefusal, isUndecided, nearestRefusal } from "../session/denial.ts";

/** The grant that is to be used for a login, and the principals to choose of it. */
export type SshChoice = { readonly offer: GrantOffer; readonly choose: readonly string[] };

/** What comes of looking for a login among the offers; `named` says whether some grant is about it. */
export type SshVerdict =
  | { readonly found: true; readonly choice: SshChoice; readonly named: boolean }
  | { readonly found: false; readonly failure: Failure; readonly named: boolean };

/**
 * Finds the grant for a login. One that names it goes first, without a reason before with one, then
 * one whose choice does; a refused grant that names it is a denial. Where nothing is about the
 * login, sshd may map other names to it: then the first grant that needs no reason is taken, and
 * where there is none, a directory that does not answer may be why.
 */
export function chooseSsh(grants: Grants, login: string): SshVerdict {
  const offers = grants.grants
    .filter(({ verb, kind }) => verb === "issue" && kind === "ssh-user")
    .toSorted((a, b) => weight(a) - weight(b));
  const naming = offers.find(({ names = [] }) => names.includes(login));
  if (naming !== undefined) return found(naming, [], true);
  const choosing = offers.find(
    ({ mayChoose = [], chooseAtMost }) => mayChoose.includes(login) && chooseAtMost !== 0,
  );
  if (choosing !== undefined) return found(choosing, [login], true);
  const { subject } = grants;
  const refused = grants.refused.filter(({ kind }) => kind === "ssh-user");
  const about = refused.filter(({ names = [] }) => names.includes(login));
  const refusal = nearestRefusal(subject, about);
  if (refusal !== undefined) return denied(subject, refusal);
  const any = offers.find(({ reason }) => reason === undefined);
  if (any !== undefined) return found(any, [], false);
  const undecided = refused.find(isUndecided);
  return undecided === undefined ? nothingFor(login) : denied(subject, undecided);
}

const denied = (subject: string, refusal: RefusedGrant): SshVerdict => ({
  found: false,
  failure: explainRefusal(subject, refusal),
  named: true,
});

const weight = ({ reason }: GrantOffer): number => (reason === undefined ? 0 : 1);

const found = (offer: GrantOffer, choose: readonly string[], named: boolean): SshVerdict => ({
  found: true,
  choice: { offer, choose },
  named,
});

const nothingFor = (login: string): SshVerdict => ({
  found: false,
  named: false,
  failure: new Failure(EXIT.denied, `denied: no grant gives a login as ${login}`, [
    "what you may get:  keyreq grants",
  ]),
});
