import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { DirectoryState } from "../../../protocol/messages.ts";
import type { Output } from "../../terminal/output.ts";
import { formatDuration, formatTime } from "../../terminal/duration.ts";
import { sayClock } from "../session/clock-difference.ts";
import type { RequestDeps } from "../deps.ts";
import { sayDirectories } from "../session/directory-words.ts";
import { nameOf } from "../session/people-words.ts";
import { openAsked, type Session } from "../session/session.ts";
import { readTicket, type Ticket } from "../proof/ticket.ts";

/** `keyreq whoami` says whom the server takes this person for, and by what. */
export async function whoamiCommand(deps: RequestDeps, output: Output): Promise<ExitCode> {
  const session = await openAsked(deps);
  try {
    const { subject, groups = [], directories = [] } = await session.grants();
    const ticket = deps.how.kind === "kerberos" ? await readTicket(deps.environment) : undefined;
    output.say(`${nameOf(subject)}  in ${session.cluster.name}`);
    output.say(` groups      ${describeGroups(groups, directories)}`);
    sayDirectories(output, directories);
    output.say(` proved by   ${describeProof(deps, ticket)}`);
    output.say(` server      ${session.server}`);
    output.say(` clock       ${describeClock(session)}`);
    output.document({
      cluster: session.cluster.name,
      subject,
      groups,
      directories,
      ...(ticket === undefined ? {} : { ticket: documentOf(ticket) }),
      server: session.server,
      ...(session.ahead === undefined ? {} : { clockAhead: Math.round(session.ahead) / 1000 }),
    });
    return EXIT.ok;
  } finally {
    session.close();
  }
}

/** A directory that does not answer may know of more. */
function describeGroups(groups: readonly string[], directories: readonly DirectoryState[]): string {
  const silent = directories.filter(({ state }) => state === "unreachable");
  const names = silent.map(({ directory }) => directory).join(", ");
  if (silent.length === 0) return groups.join(", ") || "none that the policy names";
  return groups.length === 0
    ? `not known without ${names}`
    : `${groups.join(", ")}; others are not known without ${names}`;
}

const documentOf = ({ principal, expires }: Ticket) => ({
  principal,
  ...(expires === undefined ? {} : { expires: formatTime(expires) }),
});

function describeProof({ how, now }: RequestDeps, ticket: Ticket | undefined): string {
  if (how.kind === "password") return "the directory's password";
  if (ticket?.expires === undefined) return "a Kerberos ticket";
  return `a Kerberos ticket, ${formatDuration((ticket.expires - now()) / 1000)} left`;
}

function describeClock(session: Session): string {
  const { ahead } = session;
  if (ahead === undefined) return "the server does not say";
  // The server says whole seconds.
  return Math.abs(ahead) < 1000 ? "less than 1 s apart" : sayClock(session);
}
