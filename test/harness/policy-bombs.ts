const MIB = 1024 * 1024;
const aliases = Array.from(
  { length: 20 },
  (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`,
);

/** Texts made to keep a policy's reader busy, each with what it is made of. */
export const BOMBS: readonly (readonly [what: string, text: string])[] = [
  ["aliases", `a0: &a0 [x, x]\n${aliases.join("\n")}`],
  ["opened lists", "[".repeat(MIB)],
  ["opened maps", "{".repeat(MIB)],
  ["lists in lists", "- ".repeat(MIB / 2)],
  ["keys of keys", "? ".repeat(MIB / 2)],
  ["deep blocks", Array.from({ length: 1400 }, (_, index) => `${" ".repeat(index)}a:`).join("\n")],
  ["tabs", "\ta: b\n".repeat(100_000)],
  ["a gigabyte's beginning", "a".repeat(2 * MIB)],
];
