/**
 * When to renew a certificate that is good for `lifetime` seconds from `at`: from two thirds of its life on, and
 * spread over the next twelfth so that nodes do not come all at once. A quarter of life is left for trouble.
 */
export function renewalWindow(at: number, lifetime: number): { after: number; before: number } {
  return {
    after: at + Math.floor((lifetime * 2) / 3),
    before: at + Math.floor((lifetime * 3) / 4),
  };
}
