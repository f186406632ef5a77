import { X509Certificate } from "node:crypto";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { Trust } from "../../protocol/messages.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { examine, exitFor, isTrouble, type CredentialHealth } from "../agent/health.ts";
import { rejoinHint } from "../agent/reach.ts";
import { readTrust, type State } from "../agent/state.ts";
import { openWorkshop, type Workshop } from "../agent/workshop.ts";
import { formatReload } from "../service/reload.ts";
import { formatDuration, formatRoughly, formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import { formatTable } from "../terminal/table.ts";

/** Flags of `keyclient status`. */
export type StatusFlags = { readonly check?: boolean; readonly watch?: boolean };

const REDRAW = 5000;

/** `keyclient status [GRANT]` tells what is on disk from what is in use. */
export async function statusCommand(
  deps: AgentDeps,
  output: Output,
  grant: string | undefined,
  flags: StatusFlags,
): Promise<ExitCode> {
  for (;;) {
    if (flags.watch === true && !output.options.json) output.say("\u001B[2J\u001B[H");
    const exit = await show(deps, output, grant, flags);
    if (flags.watch !== true) return exit;
    await new Promise((resolve) => setTimeout(resolve, REDRAW));
  }
}

async function show(
  deps: AgentDeps,
  output: Output,
  grant: string | undefined,
  { check }: StatusFlags,
): Promise<ExitCode> {
  const workshop = openWorkshop(deps);
  const now = deps.now();
  const all = await examine(workshop, now);
  const shown = grant === undefined ? all : all.filter((health) => health.grant === grant);
  if (shown.length === 0) {
    throw new Failure(EXIT.usage, `${grant} is no credential of this node`, ["keyclient status"]);
  }
  const { problems } = workshop.cookbook;
  if (check === true) return brief(output, workshop, shown, now);
  sayHeader(output, workshop, now);
  if (grant === undefined) sayTable(output, deps, workshop, all, now);
  else for (const health of shown) sayOne(output, workshop, health, now);
  for (const { message } of problems) output.warn(`recipe is not used: ${message}`);
  output.document(documentOf(workshop, shown, now));
  return exitOf(workshop, shown);
}

/** The server's refusal of this node: nothing will be renewed, however good what is on disk still is. */
const refusalOf = ({ refresh }: State): string | undefined =>
  refresh?.code.startsWith("auth.") === true
    ? `the keyserver refuses this node since ${refresh.since}: ${refresh.message}`
    : undefined;

function exitOf({ cookbook, memory }: Workshop, shown: readonly CredentialHealth[]): ExitCode {
  const isRefused = refusalOf(memory.state()) !== undefined;
  return isRefused || cookbook.problems.length > 0 ? EXIT.unhealthy : exitFor(shown);
}

/** For monitoring: what is not healthy, and the exit code. */
function brief(
  output: Output,
  workshop: Workshop,
  shown: readonly CredentialHealth[],
  now: number,
): ExitCode {
  const { problems } = workshop.cookbook;
  const exit = exitOf(workshop, shown);
  const refusal = refusalOf(workshop.memory.state());
  if (refusal !== undefined) output.say(refusal);
  for (const { grant, state, use, note } of shown.filter(isTrouble)) {
    output.say(
      `${grant}: ${use === "old" ? "not in use" : state}${note === undefined ? "" : `, ${note}`}`,
    );
  }
  for (const { message } of problems) output.say(`recipe is not used: ${message}`);
  if (exit === EXIT.ok) output.say(`${shown.length} credentials, all healthy`);
  output.document(documentOf(workshop, shown, now));
  return exit;
}

function sayHeader(output: Output, { memory }: Workshop, now: number): void {
  const { node, cluster, joined, contact, identity, credentials } = memory.state();
  const ago = (text: string): string => `${formatDuration((now - Date.parse(text)) / 1000)} ago`;
  const server = contact === undefined ? "server not met yet" : `server ${contact.server}`;
  const clock =
    contact?.ahead === undefined ? "" : `   clock ${formatDuration(contact.ahead / 1000)} apart`;
  const last = contact === undefined ? "" : `   last contact ${ago(contact.at)}`;
  output.say(`${node}  ${cluster}  joined ${ago(joined)}   ${server}${clock}${last}`);
  const end = Date.parse(credentials[identity]?.notAfter ?? "");
  if (end <= now) {
    output.say(
      `${node}  NOT HEALTHY: ${identity} expired ${formatDuration((now - end) / 1000)} ago; renewal cannot prove who this is.`,
    );
    output.say(`  fix   ${rejoinHint(node)}`);
  }
}

function sayTable(
  output: Output,
  { disk }: AgentDeps,
  { memory }: Workshop,
  all: readonly CredentialHealth[],
  now: number,
): void {
  const rows = all.map((health) => [
    health.grant,
    health.state,
    health.notAfter === undefined ? "–" : sayLeft(health.notAfter, now),
    sayNext(health, now),
    sayUse(health),
    sayReload(health),
  ]);
  const head = ["CREDENTIAL", "STATE", "LEFT", "RENEWS", "IN USE", "RELOADED BY"];
  for (const line of formatTable([head, ...rows])) output.say(line);
  for (const line of authorityLines(readTrust(disk), now)) output.say(line);
  output.say(summary(all));
  sayRefresh(output, memory.state());
}

const sayLeft = (end: number, now: number): string =>
  end <= now
    ? `expired ${formatRoughly((now - end) / 1000)} ago`
    : formatRoughly((end - now) / 1000);

function sayNext({ next, state }: CredentialHealth, now: number): string {
  if (next === undefined) return "–";
  if (next <= now) return "now";
  const verb = state === "denied" || state === "retrying" ? "asks again in" : "in";
  return `${verb} ${formatRoughly((next - now) / 1000)}`;
}

function sayUse({ use, address }: CredentialHealth): string {
  const at = address === undefined ? "" : ` ${address.slice(address.lastIndexOf(":"))}`;
  switch (use) {
    case "yes":
      return `yes${at}`;
    case "old":
      return `OLD${at}`;
    case "not running":
      return `not running${at}`;
    case "unknown":
      return "–";
  }
}

function sayReload({ reload, use, note }: CredentialHealth): string {
  const command = reload.length === 0 ? "–" : formatReload(reload);
  if (note !== undefined) return `${command}  ← ${note}`;
  return use === "old" ? `${command}  ← on disk is newer than what is served` : command;
}

function authorityLines(trust: Trust | undefined, now: number): readonly string[] {
  return (trust?.authorities ?? [])
    .filter(({ kind }) => kind === "tls")
    .flatMap(({ name, anchors }) =>
      anchors.map((anchor) => {
        const end = Date.parse(new X509Certificate(anchor).validTo);
        return `CA ${name.padEnd(20)} ${end <= now ? "expired" : "ok"}   ${sayLeft(end, now)}`;
      }),
    );
}

function summary(all: readonly CredentialHealth[]): string {
  const counts = new Map<string, number>();
  for (const { state, use } of all) {
    const word = state === "ok" && use === "old" ? "not in use" : state;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return `${all.length} credentials: ${parts.join(", ")}`;
}

function sayRefresh(output: Output, state: State): void {
  const { refresh } = state;
  if (refresh === undefined) return;
  const missed = `the keyserver was not reached since ${refresh.since}: ${refresh.message}`;
  output.warn(refusalOf(state) ?? missed);
}

function sayOne(
  output: Output,
  { recipes, memory }: Workshop,
  health: CredentialHealth,
  now: number,
): void {
  const recipe = recipes.get(health.grant);
  const record = memory.state().credentials[health.grant];
  const rows = [
    ["credential", health.grant],
    ["state", health.state],
    ["serial", health.serial ?? "–"],
    ["authority", record?.authority ?? "–"],
    ["not before", record?.notBefore ?? "–"],
    [
      "not after",
      record === undefined
        ? "–"
        : `${record.notAfter} (${sayLeft(Date.parse(record.notAfter), now)})`,
    ],
    [
      "renews",
      health.next === undefined ? "–" : `${formatTime(health.next)} (${sayNext(health, now)})`,
    ],
    ["in use", sayUse(health)],
    ["files", recipe === undefined ? "–" : Object.values(recipe.files).slice(1).join(", ")],
    ["reloaded by", formatReload(health.reload) || "–"],
    ["recipe", recipe?.source ?? "–"],
    ["note", health.note ?? "–"],
  ];
  for (const line of formatTable(rows)) output.say(line);
}

function documentOf(workshop: Workshop, shown: readonly CredentialHealth[], now: number) {
  const { node, cluster, joined, contact, refresh } = workshop.memory.state();
  return {
    node,
    cluster,
    joined,
    contact,
    unreachable: refresh?.message,
    healthy: exitOf(workshop, shown) === EXIT.ok,
    problems: workshop.cookbook.problems,
    credentials: shown.map(({ notAfter, next, ...health }) => ({
      ...health,
      ...(notAfter === undefined
        ? {}
        : { notAfter: formatTime(notAfter), left: Math.floor((notAfter - now) / 1000) }),
      ...(next === undefined ? {} : { next: formatTime(next) }),
    })),
  };
}
