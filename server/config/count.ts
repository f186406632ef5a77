/** `1 node`, `2 nodes`, `0 nodes`. */
export const formatCount = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;
