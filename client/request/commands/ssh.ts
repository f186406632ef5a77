import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatDuration, formatTime } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { findCluster, type Cluster } from "../session/cluster.ts";
import type { CredentialSummary } from "../held/credential.ts";
import type { RequestDeps } from "../deps.ts";
import { parseDuration } from "../span.ts";
import { connectTo } from "../ssh/connect.ts";
import {
  findFresh,
  getForLogin,
  NothingForLogin,
  takingTurns,
  type Gotten,
  type LoginWish,
} from "../ssh/ensure.ts";
import { holdOff, readHoldOff } from "../ssh/hold-off.ts";

/** Flags of `keyreq ssh`; durations as people write them. */
export type SshFlags = {
  readonly as?: string;
  readonly reason?: string;
  readonly lifetime?: string;
  readonly confirm?: boolean;
  /** False with `--no-agent`. */
  readonly agent: boolean;
  readonly ensure?: boolean;
  readonly login?: string;
};

/** Where to log in, and what is passed on to ssh untouched. */
export type SshTarget = { readonly host?: string; readonly args: readonly string[] };

/** `keyreq ssh`: a certificate into the agent; with HOST, ssh there; with `--ensure`, what ssh itself asks for. */
export async function sshCommand(
  deps: RequestDeps,
  output: Output,
  { host, args }: SshTarget,
  flags: SshFlags,
): Promise<number> {
  const cluster = findCluster(deps);
  const work: Work = { deps, output, cluster };
  if (flags.ensure === true) return ensure(work, flags);
  if (host === undefined) return fill(work, flags);
  const route = { host, args, account: flags.as };
  return connectTo(deps, cluster, route, (login) => findOrGet(work, flags, login));
}

type Work = {
  readonly deps: RequestDeps;
  readonly output: Output;
  readonly cluster: Cluster;
};

function wishOf(flags: SshFlags, login: string): LoginWish {
  const { reason, lifetime, confirm, agent } = flags;
  return {
    login,
    confirm: confirm === true,
    agent,
    ...(reason === undefined ? {} : { reason }),
    ...(lifetime === undefined ? {} : { lifetime: parseDuration("--lifetime", lifetime) }),
  };
}

/** Without HOST: always a new certificate. */
async function fill({ deps, output, cluster }: Work, flags: SshFlags): Promise<number> {
  const wish = wishOf(flags, flags.as ?? deps.user);
  const gotten = await takingTurns(deps, cluster, () => getForLogin(deps, output, cluster, wish));
  output.done(gotten.summary.grant, describe(deps, gotten));
  const { grant, principals, serial, notAfter, keyIn } = gotten.summary;
  output.document({ grant, principals, serial, notAfter: formatTime(notAfter), keyIn });
  return EXIT.ok;
}

/** With HOST: what is held, unless something special is wanted. */
async function findOrGet(
  { deps, output, cluster }: Work,
  flags: SshFlags,
  login: string,
): Promise<CredentialSummary> {
  const { reason, lifetime, confirm, agent } = flags;
  const isSpecial = (reason ?? lifetime ?? confirm) !== undefined || !agent;
  return takingTurns(deps, cluster, async () => {
    const fresh = isSpecial ? undefined : await findFresh(deps, cluster, login);
    if (fresh !== undefined) return fresh;
    const gotten = await getForLogin(deps, output, cluster, wishOf(flags, login));
    if (!output.options.quiet) sayGotten(deps, output, gotten);
    return gotten.summary;
  });
}

/** ssh waits for this, several times in a row where scp or git open several connections. */
async function ensure({ deps, output, cluster }: Work, flags: SshFlags): Promise<number> {
  const login = flags.login ?? deps.user;
  return takingTurns(deps, cluster, async () => {
    if ((await findFresh(deps, cluster, login)) !== undefined) return EXIT.ok;
    const before = readHoldOff(deps, cluster.places, login);
    if (before !== undefined) return before;
    try {
      const gotten = await getForLogin(deps, output, cluster, wishOf(flags, login));
      // Said with --quiet too: what needs a reason is worth a line.
      if (gotten.offer.reason === "required") sayGotten(deps, output, gotten);
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      holdOff(deps, cluster.places, { login, exit: error.exit });
      if (error instanceof NothingForLogin && output.options.quiet) return error.exit;
      throw error;
    }
  });
}

/** On standard error: standard output is ssh's. */
const sayGotten = (deps: RequestDeps, output: Output, gotten: Gotten): void =>
  output.warn(`✓ ${gotten.summary.grant}, ${describe(deps, gotten)}`);

/** `4 h, usable from 10.9.0.0/16; in agent until 18:04`. */
function describe({ now }: RequestDeps, { summary, offer }: Gotten): string {
  const { notAfter, keyIn } = summary;
  const from = offer.sourceAddress ?? [];
  const more = from.length > SHOWN ? " …" : "";
  const places = from.length === 0 ? "" : `, usable from ${from.slice(0, SHOWN).join(", ")}${more}`;
  const end = new Date(notAfter).toTimeString().slice(0, "18:04".length);
  const where = keyIn === "agent" ? "in agent" : "key in a file";
  // From now on: certificates begin some minutes in the past.
  return `${sayLeft((notAfter - now()) / 1000)}${places}; ${where} until ${end}`;
}

/** Whole minutes where there is one. */
const sayLeft = (seconds: number): string =>
  formatDuration(seconds < MINUTE ? seconds : Math.round(seconds / MINUTE) * MINUTE);

const MINUTE = 60;

const SHOWN = 3;
