import type { Present } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { checkReadiness } from "./readiness.ts";

const DAY = 86_400;

/** What `GET /metrics` says of this moment. */
export async function lookUp(parts: Parts): Promise<Present> {
  const { active } = parts.inForce();
  const { standing } = parts.keeper;
  const now = parts.now();
  const ending = (days: number): Promise<number> => parts.ledger.countEnding(now, now + days * DAY);
  const [readiness, day, week] = await Promise.all([
    checkReadiness({ ...parts, policy: () => active }),
    ending(1),
    ending(7),
  ]);
  return {
    startedAt: parts.startedAt,
    policy: active,
    isFileInForce: standing.isFileInForce(),
    hasRefusal: standing.refusal() !== undefined,
    readiness,
    ownCertificateEnds: parts.ownCertificate().notAfter,
    expiring: new Map([
      ["1d", day],
      ["7d", week],
    ]),
  };
}
