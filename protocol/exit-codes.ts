/** Exit codes of every program (docs/operations.md). */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  denied: 3,
  unreachable: 4,
  unhealthy: 5,
  unauthenticated: 6,
  clock: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
