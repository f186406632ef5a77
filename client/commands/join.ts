import { existsSync } from "node:fs";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import type { JoinString } from "../../protocol/join-string.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { formatPin } from "../agent/config.ts";
import { runCycle } from "../agent/cycle.ts";
import type { CycleReport } from "../agent/report.ts";
import { withLock } from "../agent/lock.ts";
import { openWorkshop } from "../agent/workshop.ts";
import type { PinnedServer } from "../connection/pinned-server.ts";
import type { Disk } from "../files/disk.ts";
import { openDirectory } from "../files/held-directory.ts";
import { PRIVATE_DIRECTORY, SERVICE_DIRECTORY } from "../files/replace-file.ts";
import { PLACES } from "../agent/paths.ts";
import { checkNotJoined, meetServer, redeem, type JoinOptions } from "../joining/join.ts";
import { checkJoinString, readHostname, readJoinString } from "../joining/read-string.ts";
import { formatDuration, formatTime } from "../terminal/duration.ts";
import type { Output } from "../terminal/output.ts";

/** Flags of `keyclient join`. */
export type JoinFlags = {
  readonly inspect?: boolean;
  readonly dryRun?: boolean;
  readonly node?: string;
  readonly sourceAddress?: string;
};

/** `keyclient join STRING` proves this machine to the cluster and fetches its first certificates. */
export async function joinCommand(
  deps: AgentDeps,
  output: Output,
  text: string,
  flags: JoinFlags,
): Promise<ExitCode> {
  const join = readJoinString(text);
  if (flags.inspect === true) return inspect(deps, output, join);
  const hostname = readHostname(deps.paths.hostname);
  checkJoinString(join, { now: deps.now(), hostname, node: flags.node });
  checkNotJoined(deps, join);
  output.done(
    "string",
    `for ${join.node} in ${join.cluster}, ${leftOf(deps, join)} left, checksum good`,
  );
  const options: JoinOptions = { join, sourceAddress: flags.sourceAddress };
  const met = await meetServer(deps, options);
  output.done("server", `${met.server} matches pin ${shortPin(join)}`);
  output.done("clock", sayClock(met));
  if (flags.dryRun === true) {
    output.say("Nothing was sent and nothing was written; the string is still good.");
    output.document({ node: join.node, cluster: join.cluster, server: met.server, joined: false });
    return EXIT.ok;
  }
  makeHome(deps.disk);
  return withLock(deps.paths.lock, () => finish(deps, output, options, met));
}

function makeHome(disk: Disk): void {
  openDirectory(disk, "/var/lib", { create: SERVICE_DIRECTORY }).close();
  openDirectory(disk, PLACES.home, { create: PRIVATE_DIRECTORY }).close();
}

async function finish(
  deps: AgentDeps,
  output: Output,
  options: JoinOptions,
  met: PinnedServer,
): Promise<ExitCode> {
  const begin = deps.now();
  const { identity, node, cluster } = await redeem(deps, options, met);
  const life = (Date.parse(identity.notAfter) - Date.parse(identity.notBefore)) / 1000;
  output.done(
    "identity",
    `key made here, certificate ${identity.grant} valid ${formatDuration(life)}`,
  );
  const report = await runCycle(deps, openWorkshop(deps), { asked: new Set(), only: false });
  sayCertificates(output, report, identity.grant, (deps.now() - begin) / 1000);
  output.document({
    node,
    cluster,
    server: met.server,
    joined: true,
    renewed: [identity.grant, ...report.renewed.map(({ grant }) => grant)],
    failed: report.failed,
    exit: report.exit,
  });
  if (report.obstacle !== undefined) throw report.obstacle;
  return report.exit;
}

function sayCertificates(
  output: Output,
  report: CycleReport,
  identity: string,
  seconds: number,
): void {
  const got = [identity, ...report.renewed.map(({ grant }) => grant)];
  const failed = new Set(report.failed.map(({ grant }) => grant));
  const all = got.length + failed.size;
  output.done(`${got.length} of ${all}`, `${got.join(", ")}      ${seconds.toFixed(1)} s`);
  for (const { grant, message } of report.failed) output.warn(`${grant}: ${message}`);
  output.say(
    TIMERS.some((path) => existsSync(path))
      ? "Renewing by itself from now on:  systemctl status keyclient.timer      look:  keyclient status"
      : "Nothing on this machine renews them yet:  keyclient once  from a timer, every five minutes, or  keyclient run",
  );
}

/** Where systemd looks for the timer that runs `keyclient once` (systemd.unit(5)). */
const TIMERS = [
  "/etc/systemd/system/keyclient.timer",
  "/usr/local/lib/systemd/system/keyclient.timer",
  "/usr/lib/systemd/system/keyclient.timer",
];

function inspect(deps: AgentDeps, output: Output, join: JoinString): ExitCode {
  const expires = formatTime(join.expires * 1000);
  const left = join.expires * 1000 - deps.now();
  output.say(`for       ${join.node} in ${join.cluster}`);
  output.say(`servers   ${join.servers.join(", ")}`);
  output.say(`pin       ${formatPin(join.pin)}`);
  output.say(
    `expires   ${expires} (${left > 0 ? `in ${leftOf(deps, join)}` : `${formatDuration(left / 1000)} ago`})`,
  );
  const { cluster, node, servers } = join;
  output.document({ cluster, node, servers, pin: formatPin(join.pin), expires });
  return EXIT.ok;
}

const leftOf = (deps: Pick<AgentDeps, "now">, join: JoinString): string =>
  formatDuration(join.expires - deps.now() / 1000);

const shortPin = (join: JoinString): string =>
  `${formatPin(join.pin).slice(0, "sha256:".length + 8)}…`;

const sayClock = ({ ahead }: PinnedServer): string =>
  ahead === undefined
    ? "the server does not say"
    : `${(Math.abs(ahead) / 1000).toFixed(1)} s apart`;
