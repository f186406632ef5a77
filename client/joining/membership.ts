import { randomBytes, type KeyObject } from "node:crypto";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { JoinString } from "../../protocol/join-string.ts";
import type { JoinResult } from "../../protocol/messages.ts";
import type { AgentDeps } from "../agent/agent.ts";
import { formatConfig, formatPin, readConfig, type ClientConfig } from "../agent/config.ts";
import type { CredentialRecord } from "../agent/credential.ts";
import { identityRecipe } from "../agent/identity.ts";
import { PLACES } from "../agent/paths.ts";
import { readState, writeState, writeTrust, type State } from "../agent/state.ts";
import { filesOf } from "../credential/files-of.ts";
import { verifyTls } from "../credential/verify-tls.ts";
import { privateTo } from "../files/disk.ts";
import type { Generation } from "../files/generation.ts";
import { installGeneration } from "../files/install.ts";
import { createJournal } from "../files/journal.ts";
import { replaceFile, SERVICE_DIRECTORY } from "../files/replace-file.ts";
import { formatTime } from "../terminal/duration.ts";
import { Failure } from "../terminal/failure.ts";
import { finishJoin } from "./unfinished-join.ts";

/** What a machine knows once its join string was redeemed. */
export type Membership = {
  readonly join: JoinString;
  readonly sourceAddress: string | undefined;
  /** The pinned certificate of authority `nodes`, PEM. */
  readonly anchor: string;
  readonly key: KeyObject;
  readonly result: JoinResult;
};

/**
 * Puts down everything that makes this machine a joined one. client.yaml comes last, so that a
 * stop before it is repaired by the same `keyclient join`.
 *
 * @throws Failure when the certificate is not what it should be, or the disk does not take it.
 */
export function settleMembership(deps: AgentDeps, membership: Membership): void {
  const { disk, gid } = deps;
  const generation = identityOf(deps, membership);
  const { grant, record } = generation;
  const journal = createJournal(disk, privateTo(disk, gid));
  journal.begin(generation, undefined);
  installGeneration(disk, generation);
  writeAnchor(deps, membership);
  writeState(disk, gid, stateOf(deps, membership, record));
  journal.finish(grant);
  writeConfig(deps, membership);
  finishJoin(disk);
}

type IdentityGeneration = Generation & { readonly record: CredentialRecord };

function identityOf(deps: AgentDeps, { result, key, anchor }: Membership): IdentityGeneration {
  const { grant, certificate, chain } = result.identity;
  checkGrantName(grant);
  const anchors = [anchor];
  const { der } = verifyTls(certificate, chain, { grant, key, anchors, now: deps.now() });
  const material = { key, certificate, chain, anchors, check: randomBytes(4) };
  const files = [...filesOf(identityRecipe(deps, grant), material)];
  return { schema: 1, grant, files, record: recordOf(deps, result, der) };
}

/** Only enough to reach the server by; the first run fetches the whole list. */
function writeAnchor({ disk, gid }: AgentDeps, { join, anchor }: Membership): void {
  const nodes = { name: "nodes", kind: "tls" as const, anchors: [anchor] };
  writeTrust(disk, gid, { cluster: join.cluster, domain: join.cluster, authorities: [nodes] });
}

function checkGrantName(grant: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(grant)) return;
  throw new Failure(EXIT.unexpected, `the server names the identity ${JSON.stringify(grant)}`, [
    "on the master:  keyserver policy check",
  ]);
}

function recordOf({ now }: AgentDeps, { identity }: JoinResult, der: Buffer): CredentialRecord {
  const { grant, serial, notBefore, notAfter, renew } = identity;
  return {
    grant,
    authority: "nodes",
    serial,
    notBefore,
    notAfter,
    issued: formatTime(now()),
    renewAfter: renew.after,
    renewBefore: renew.before,
    certificate: der.toString("base64"),
    reload: "done",
    answered: false,
  };
}

function stateOf(deps: AgentDeps, { join }: Membership, record: CredentialRecord): State {
  const now = formatTime(deps.now());
  const before = readState(deps.disk);
  // The same node comes back: what its services have stays known.
  const kept = before?.node === join.node && before.cluster === join.cluster ? before : undefined;
  return {
    schema: 1,
    cluster: join.cluster,
    node: join.node,
    identity: record.grant,
    joined: now,
    wake: now,
    written: now,
    exit: EXIT.ok,
    stamps: [],
    offers: kept?.offers ?? [],
    refused: [],
    credentials: { ...kept?.credentials, [record.grant]: record },
    setbacks: {},
  };
}

const PUBLIC = 0o644;

function writeConfig({ disk, gid, paths }: AgentDeps, { join, sourceAddress }: Membership): void {
  const kept = readConfig(paths);
  const source = sourceAddress ?? kept?.["source-address"];
  const config: ClientConfig = {
    cluster: join.cluster,
    node: join.node,
    servers: [...join.servers],
    pin: formatPin(join.pin),
    ...(source === undefined ? {} : { "source-address": source }),
    ...(kept?.recipes === undefined ? {} : { recipes: kept.recipes }),
  };
  const ownership = { uid: disk.uid, gid, mode: PUBLIC };
  replaceFile(disk, PLACES.config, Buffer.from(formatConfig(config)), ownership, SERVICE_DIRECTORY);
}
