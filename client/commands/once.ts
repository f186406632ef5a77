import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { runCycle, type CycleOptions } from "../agent/cycle.ts";
import type { CycleReport } from "../agent/report.ts";
import { withLock } from "../agent/lock.ts";
import { openWorkshop, type Workshop } from "../agent/workshop.ts";
import { listWanted } from "../agent/wanted.ts";
import { dueAt } from "../agent/schedule.ts";
import { findSystemJournal } from "../service/system-journal.ts";
import { formatDuration, formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import { sayReport } from "./say-report.ts";

/** `keyclient once [GRANT…]` does all that is due and ends; named grants are looked at alone. */
export async function onceCommand(
  deps: AgentDeps,
  output: Output,
  grants: readonly string[],
  { dryRun }: { readonly dryRun?: boolean },
): Promise<ExitCode> {
  const workshop = openWorkshop(deps);
  for (const grant of grants) checkKnown(workshop, grant);
  if (dryRun === true) return preview(deps, output, workshop, grants);
  return runAndSay(deps, output, {
    asked: dueAmong(deps, workshop, grants),
    only: grants.length > 0,
  });
}

/** `keyclient renew GRANT|--all` renews whatever the time is. */
export async function renewCommand(
  deps: AgentDeps,
  output: Output,
  grants: readonly string[],
  { all }: { readonly all?: boolean },
): Promise<ExitCode> {
  const workshop = openWorkshop(deps);
  if (all !== true && grants.length === 0) {
    throw new Failure(EXIT.usage, "which grant?", [
      `keyclient renew --all      or one of: ${grantsOf(workshop).join(", ")}`,
    ]);
  }
  for (const grant of grants) checkKnown(workshop, grant);
  // Not what was granted when the server was met last: that may be nothing yet.
  const asked = new Set(all === true ? workshop.recipes.keys() : grants);
  return runAndSay(deps, output, { asked, only: true });
}

async function runAndSay(
  deps: AgentDeps,
  output: Output,
  options: CycleOptions,
): Promise<ExitCode> {
  const report = await runAndTell(deps, output, options);
  output.document(documentOf(report));
  if (report.obstacle !== undefined) throw report.obstacle;
  return report.exit;
}

/** One run under the lock, and what it did in words. */
export async function runAndTell(
  deps: AgentDeps,
  output: Output,
  options: CycleOptions,
): Promise<CycleReport> {
  const { report, node } = await withLock(deps.paths.lock, async () => {
    const workshop = openWorkshop(deps);
    const { node } = workshop.memory.state();
    return { node, report: await runCycle(deps, workshop, options) };
  });
  const journal = findSystemJournal(process.env, process.pid);
  await sayReport(output, report, { node, journal });
  return report;
}

const documentOf = ({ obstacle, ...report }: CycleReport): Record<string, unknown> => ({
  ...report,
  ...(obstacle === undefined ? {} : { obstacle: obstacle.message }),
});

const grantsOf = ({ memory, recipes }: Workshop): readonly string[] =>
  memory.state().offers.flatMap(({ grant }) => (recipes.has(grant) ? [grant] : []));

function checkKnown(workshop: Workshop, grant: string): void {
  const known = grantsOf(workshop);
  if (known.includes(grant)) return;
  throw new Failure(EXIT.usage, `${grant} is no credential of this node`, [
    `known are: ${known.join(", ")}`,
  ]);
}

function dueAmong(
  deps: AgentDeps,
  workshop: Workshop,
  grants: readonly string[],
): ReadonlySet<string> {
  const due = wantedNow(deps, workshop).map(({ recipe }) => recipe.grant);
  return new Set(due.filter((grant) => grants.includes(grant)));
}

const wantedNow = ({ disk, now }: AgentDeps, { memory, recipes }: Workshop) =>
  listWanted({ disk, recipes, state: memory.state(), now: now(), asked: new Set(), only: false });

function preview(
  deps: AgentDeps,
  output: Output,
  workshop: Workshop,
  grants: readonly string[],
): ExitCode {
  const state = workshop.memory.state();
  const due = new Map(wantedNow(deps, workshop).map(({ recipe, why }) => [recipe.grant, why]));
  const now = deps.now();
  const rows = grantsOf(workshop)
    .filter((grant) => grants.length === 0 || grants.includes(grant))
    .map((grant) => {
      const record = state.credentials[grant];
      const offer = state.offers.find((each) => each.grant === grant);
      const at = record === undefined ? now : dueAt(state.node, record, offer);
      return { grant, why: due.get(grant), at };
    });
  for (const { grant, why, at } of rows) {
    const when = why === undefined ? `in ${formatDuration((at - now) / 1000)}` : `now (${why})`;
    output.say(`${grant.padEnd(24)} would be renewed ${when}`);
  }
  output.document({ due: rows.map(({ grant, why, at }) => ({ grant, why, at: formatTime(at) })) });
  return EXIT.ok;
}
