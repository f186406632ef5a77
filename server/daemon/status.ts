import { directoriesFor } from "../../policy/facts.ts";
import type { AuthorityView, Status } from "../../protocol/admin-messages.ts";
import { formatTime } from "../time.ts";
import type { Parts } from "./parts.ts";
import type { PolicyStanding } from "./policy-standing.ts";
import { checkReadiness } from "./readiness.ts";

const DAY = 86_400;

/** Everything that `keyserver status` shows. */
export async function describeStatus(parts: Parts): Promise<Status> {
  const { active, authorities } = parts.inForce();
  const { policy } = active;
  const [health, views, checkpoint, nodes, tokens, kept] = await Promise.all([
    checkReadiness({ ...parts, policy: () => active }),
    describeAuthorities(parts),
    parts.ledger.checkpoint(),
    parts.ledger.listNodes(),
    parts.ledger.listTokens(),
    parts.people.problems(),
  ]);
  const now = parts.now();
  const { standing } = parts.keeper;
  const fileInForce = standing.isFileInForce();
  return {
    cluster: policy.cluster.name,
    domain: policy.cluster.domain,
    startedAt: formatTime(parts.startedAt),
    now: formatTime(now),
    policy: {
      hash: active.hash,
      appliedAt: formatTime(active.appliedAt),
      grants: policy.grants.size,
      nodes: policy.nodes.size,
      fileInForce,
    },
    pin: authorities.nodes.fingerprint,
    ready: health.status === "ok",
    problems: [
      ...health.checks.flatMap(({ name, ok, detail }) => (ok ? [] : [`${name}: ${detail ?? ""}`])),
      ...describePolicyProblems(standing, parts.paths.policy),
      ...kept,
      ...missingDirectories(parts),
    ],
    authorities: views,
    checkpoint,
    joinedNodes: nodes.filter(({ state }) => state === "active").length,
    openTokens: tokens.filter(({ state, expiresAt }) => state === "open" && expiresAt > now).length,
    ownCertificateEnds: formatTime(parts.ownCertificate().notAfter),
  };
}

/** Directories that the policy relies on and server.yaml does not connect: nobody has a fact from there. */
function missingDirectories({ inForce, people }: Parts): readonly string[] {
  const { policy } = inForce().active;
  return [...directoriesFor(policy, policy.grants.keys())]
    .filter((name) => !people.directories.has(name))
    .map((name) => `the policy asks directory ${name}, and server.yaml connects none of this name`);
}

/** Every authority with what it issued in the last 24 hours. */
export async function describeAuthorities({
  inForce,
  ledger,
  now,
}: Parts): Promise<AuthorityView[]> {
  const counts = new Map(
    (await ledger.counts(now() - DAY)).map(({ authority, issued }) => [authority, issued]),
  );
  return inForce().authorities.all.map(({ name, kind, key, anchor, fingerprint, notAfter }) => ({
    name,
    kind,
    key,
    anchor,
    fingerprint,
    ...(notAfter === undefined ? {} : { notAfter: formatTime(notAfter) }),
    issued: counts.get(name) ?? 0,
  }));
}

/** What keeps the policy on disk from being the one in force, with what to type. */
export function describePolicyProblems(standing: PolicyStanding, file: string): readonly string[] {
  const refusal = standing.refusal();
  const pending = `${file} is not the policy in force: keyserver policy diff, then keyserver policy apply`;
  return [
    ...(standing.isFileInForce() ? [] : [pending]),
    ...(refusal === undefined
      ? []
      : [
          `a policy did not come into force at ${formatTime(refusal.at)} (${refusal.by}): ${refusal.why}`,
        ]),
  ];
}
