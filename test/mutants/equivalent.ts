/**
 * Mutants that no test can tell from the sources, by {@link mutantKey}, each with the reason. They
 * are not counted.
 */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([]);
