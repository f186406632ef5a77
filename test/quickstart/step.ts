/** A step of the quickstart that failed: which one, why, and what to do about it. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly step: string;
  readonly hint: string;

  constructor(step: string, hint: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
    this.hint = hint;
  }
}

/** Runs one step; `hint` is what to do when it fails. */
export type Step = <T>(name: string, hint: string, work: () => Promise<Shown<T>>) => Promise<T>;

/** What a step came to: the lines that show it, and what later steps need. */
export type Shown<T> = { readonly lines: readonly string[]; readonly value: T };

const WIDTH = 14;

/** Steps that print one `✓` each with `write`. */
export const createStep =
  (write: (text: string) => void): Step =>
  async (name, hint, work) => {
    try {
      const { lines, value } = await work();
      const [first = "", ...rest] = lines;
      write(` ✓ ${name.padEnd(WIDTH)}${first}\n`);
      for (const line of rest) write(`   ${" ".repeat(WIDTH)}${line}\n`);
      return value;
    } catch (error) {
      throw new StepError(name, hint, error);
    }
  };
