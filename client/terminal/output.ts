import type { Failure } from "./failure.ts";

export type OutputOptions = {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  /** What messages begin with; `keyclient` when absent. */
  readonly program?: string;
};

type Stream = { readonly write: (text: string) => unknown };

/** Where a command speaks: with `json` standard output holds one document and nothing else. */
export type Output = {
  readonly options: OutputOptions;
  /** For the reader of the command: standard output, or standard error beside a document. */
  readonly say: (line: string) => void;
  /** What another program reads: standard output, whatever the options are. */
  readonly print: (text: string) => void;
  /** A step that succeeded: ` ✓ label       text`. */
  readonly done: (label: string, text: string) => void;
  /** Something to know that is no error. */
  readonly warn: (line: string) => void;
  /** Only with `--verbose`. */
  readonly detail: (line: string) => void;
  /** The one document of `--json`; nothing without it. */
  readonly document: (value: Readonly<Record<string, unknown>>) => void;
  readonly fail: (failure: Pick<Failure, "message" | "hints">) => void;
  readonly paint: (color: keyof typeof COLORS, text: string) => string;
};

const COLORS = { green: 32, yellow: 33, red: 31, bold: 1 } as const;
const LABEL = 11;

/** Speaks on `stdout` and `stderr` as the options say. */
export function createOutput(
  options: OutputOptions,
  { stdout, stderr }: { readonly stdout: Stream; readonly stderr: Stream },
): Output {
  const { program = "keyclient" } = options;
  const people = options.json ? stderr : stdout;
  const paint: Output["paint"] = (color, text) =>
    options.color ? `\u001B[${COLORS[color]}m${text}\u001B[0m` : text;
  const say = (line: string): void => {
    if (!options.quiet) people.write(`${line}\n`);
  };
  return {
    options,
    say,
    print: (text) => void stdout.write(text),
    paint,
    done: (label, text) => say(` ${paint("green", "✓")} ${label.padEnd(LABEL)} ${text}`),
    warn: (line) => stderr.write(`${program}: ${line}\n`),
    detail: (line) => {
      if (options.verbose) stderr.write(`${program}: ${line}\n`);
    },
    document: (value) => {
      if (options.json) stdout.write(`${JSON.stringify({ schema: 1, ...value }, null, 2)}\n`);
    },
    fail: ({ message, hints }) => {
      stderr.write(`${program}: error: ${message}\n`);
      for (const hint of hints) stderr.write(`${program}: hint: ${hint}\n`);
    },
  };
}
