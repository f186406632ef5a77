import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { Trust } from "../../../protocol/messages.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import {
  readCluster,
  readClusters,
  readTrust,
  writeCluster,
  writeTrust,
  type Cluster,
} from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import { clusterPlaces } from "../places.ts";
import { anchorsOf } from "../session/session.ts";
import { findExecVersion } from "../setup/kubectl.ts";
import { meetServer, parseAddress, type Address } from "../setup/meeting.ts";
import {
  makeChange,
  planKube,
  planSsh,
  sshConfigOf,
  writeSshConfig,
  type Change,
} from "../setup/plan.ts";
import { confirmChanges, nameOf, sayChange, type OwnFile } from "../setup/preview.ts";
import { formatKnownHosts, writeTrustFiles } from "../session/trust-files.ts";
import { writeIdentities } from "../ssh/identities.ts";

/** Flags of `keyreq setup`. */
export type SetupFlags = {
  readonly pin: string;
  readonly kubernetes?: string;
  readonly etcd?: readonly string[];
  readonly yes?: boolean;
};

/** `keyreq setup` makes a cluster known here. Nothing is written before the pin fits and the person agrees. */
export async function setupCommand(
  deps: RequestDeps,
  output: Output,
  url: string,
  flags: SetupFlags,
): Promise<ExitCode> {
  checkUrls(flags);
  const address = parseAddress(url, flags.pin);
  const trust = await meetServer(deps, address);
  const cluster = describeCluster(deps, { trust, address, flags });
  const changes = await planChanges(deps, cluster, trust);
  const wanted = changes.filter(({ lines }) => lines.length > 0);
  output.done("pin", `matches: ${address.server} is of ${cluster.name}`);
  const own = ownFiles(deps, cluster, trust);
  const document = {
    cluster: cluster.name,
    server: address.server,
    files: changes.map(({ file, lines }) => ({ path: file.path, added: lines })),
    own,
  };
  const doable = wanted.filter(({ obstacle }) => obstacle === undefined);
  if (!(await confirmChanges(deps, output, { changes: doable, own, yes: flags.yes === true }))) {
    output.document({ ...document, written: false });
    output.say("nothing was written");
    return EXIT.ok;
  }
  writeOwn(deps, cluster, trust);
  const failures = writeChanges(deps, output, wanted);
  output.done("trust", `${trust.authorities.length} authorities in ${cluster.places.folder}`);
  if (wanted.length === 0) output.say("nothing to add");
  output.document({ ...document, written: failures.length === 0 });
  const [first, ...more] = failures;
  if (first === undefined) return EXIT.ok;
  const hints = [first, ...more].flatMap((failure) => failure.hints);
  throw new Failure(first.exit, [first, ...more].map(({ message }) => message).join("; "), hints);
}

function checkUrls({ kubernetes, etcd = [] }: SetupFlags): void {
  const wrong = [...(kubernetes === undefined ? [] : [kubernetes]), ...etcd].find(
    (url) => !/^https:\/\/[^\s/@]+(?:\/\S*)?$/.test(url) || !URL.canParse(url),
  );
  if (wrong === undefined) return;
  throw new Failure(EXIT.usage, `${JSON.stringify(wrong)} is no URL that begins with https://`, [
    "keyreq setup URL --pin PIN --kubernetes https://HOST:6443",
  ]);
}

type Met = {
  readonly trust: Trust;
  readonly address: Address;
  readonly flags: SetupFlags;
};

/** @throws Failure when another cluster of this name is known. */
function describeCluster(deps: RequestDeps, { trust, address, flags }: Met): Cluster {
  const { cluster: name, domain } = trust;
  const places = clusterPlaces(deps.places, name);
  const known = readCluster(deps, name);
  const kept = readTrust(deps, places);
  if (known !== undefined && kept !== undefined) checkSame(known, kept, trust);
  const { server, pin } = address;
  const servers = [server, ...(known?.servers ?? []).filter((each) => each !== server)];
  // What was given to an earlier setup, and not only said by the server.
  const told = { kubernetes: known?.people.kubernetes, etcd: known?.people.etcd };
  const said = { kubernetes: kept?.people?.kubernetes, etcd: kept?.people?.etcd };
  const kubernetes =
    flags.kubernetes ?? (told.kubernetes === said.kubernetes ? undefined : told.kubernetes);
  const isSaid = JSON.stringify(told.etcd) === JSON.stringify(said.etcd);
  const etcd = flags.etcd ?? (isSaid ? undefined : told.etcd);
  const people = {
    passwords: trust.people?.passwords ?? false,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...(etcd === undefined ? {} : { etcd: [...etcd] }),
  };
  return { name, domain, servers, pin, people, places };
}

/** Authorities are replaced one at a time, so that there is always one that both sides know. */
function checkSame(known: Cluster, kept: Trust, trust: Trust): void {
  const old = anchorsOf(kept, "nodes");
  if (anchorsOf(trust, "nodes").some((anchor) => old.includes(anchor))) return;
  const { name } = known;
  throw new Failure(EXIT.usage, `another cluster is known here as ${name}`, [
    `forget it first:  keyreq --cluster ${name} forget --setup`,
  ]);
}

async function planChanges(
  deps: RequestDeps,
  cluster: Cluster,
  trust: Trust,
): Promise<readonly Change[]> {
  const kubernetes = cluster.people.kubernetes ?? trust.people?.kubernetes;
  const people = { ...cluster.people, ...(kubernetes === undefined ? {} : { kubernetes }) };
  const hasAnchors = anchorsOf(trust, "kubernetes").length > 0;
  const ssh = planSsh(deps);
  if (kubernetes === undefined || !hasAnchors) return [ssh];
  const version = await findExecVersion(deps.environment);
  const kube = planKube(deps, { ...cluster, people }, version);
  return kube === undefined ? [ssh] : [ssh, kube];
}

/** What ssh reads of keyreq's own files. */
function ownFiles(deps: RequestDeps, cluster: Cluster, trust: Trust): readonly OwnFile[] {
  const others = readClusters(deps).filter(({ name }) => name !== cluster.name);
  const linesOf = (text: string): readonly string[] => text.split("\n").slice(0, -1);
  return [
    { path: deps.places.sshInclude, lines: linesOf(sshConfigOf(deps, [...others, cluster])) },
    { path: cluster.places.knownHosts, lines: linesOf(formatKnownHosts(trust)) },
  ];
}

/** keyreq's own files; what they hold is the same after the second time. */
function writeOwn(deps: RequestDeps, cluster: Cluster, trust: Trust): void {
  writeTrust(deps, cluster.places, trust);
  writeCluster(deps, cluster);
  writeTrustFiles(deps, cluster.places, trust);
  writeIdentities(deps, cluster);
  writeSshConfig(deps, readClusters(deps));
}

function writeChanges(
  deps: RequestDeps,
  output: Output,
  wanted: readonly Change[],
): readonly Failure[] {
  return wanted.flatMap((change) => {
    try {
      makeChange(deps, change);
      output.done(change.kind, `${sayChange(change)} in ${nameOf(deps, change.file)}`);
      return [];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return [error];
    }
  });
}
