import type { FastifyBaseLogger } from "fastify";
import { keepAlive, type Supervisor } from "../../keys/signer/supervisor.ts";
import type { Health } from "../../protocol/messages.ts";

export type SupervisionDeps = {
  readonly supervisor: Supervisor;
  /** Asks ledger and signer whether a certificate could be signed now. */
  readonly readiness: () => Promise<Health>;
  readonly log: Pick<FastifyBaseLogger, "warn">;
};

/** Milliseconds between looks while something keeps us from signing. */
const AGAIN = 1000;

/**
 * Tells systemd `READY=1` once a certificate can be signed, and from then on that we live.
 *
 * A beat is sent when ledger and signer came back with an answer, also with a bad one: that a disk is full, or that
 * keysigner is away, is no reason to end what still hands out trust. `systemctl status` shows the reason. Gives what
 * ends it.
 */
export function superviseWith({ supervisor, readiness, log }: SupervisionDeps): () => void {
  let timer: NodeJS.Timeout | undefined;
  let silence = (): void => undefined;
  let stopped = false;
  let said = "";

  /** `STATUS=…` where it differs from what was said last. */
  const statusOf = (health: Health): readonly string[] => {
    const status = describe(health);
    if (status === said) return [];
    said = status;
    return [`STATUS=${status}`];
  };
  const announce = async (): Promise<void> => {
    const health = await readiness();
    const status = statusOf(health);
    if (stopped) return;
    if (health.status === "ok") {
      await supervisor.tell("READY=1", ...status);
      if (!stopped) silence = keepAlive(supervisor, async () => statusOf(await readiness()));
      return;
    }
    if (status.length > 0) {
      log.warn({ why: said }, "not ready");
      await supervisor.tell(...status);
    }
    timer = setTimeout(() => void announce(), AGAIN);
  };
  void announce();
  return () => {
    stopped = true;
    clearTimeout(timer);
    silence();
  };
}

const describe = ({ status, checks }: Health): string =>
  status === "ok"
    ? "ready to sign"
    : `cannot sign: ${checks.flatMap(({ name, ok, detail }) => (ok ? [] : [`${name}: ${detail ?? ""}`])).join("; ")}`;
