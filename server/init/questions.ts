import { hostname, networkInterfaces } from "node:os";
import { createInterface } from "node:readline/promises";
import { EXIT } from "../../protocol/exit-codes.ts";
import { DEFAULT_PORT } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";

/** Answers that `init` needs; each has a flag of the same name. */
export type InitAnswers = {
  readonly cluster: string;
  readonly domain: string;
  readonly node: string;
  readonly address: string;
  readonly listen: string;
};

/** Answers that were given as flags; `yes` takes what is usual for the rest. */
export type InitFlags = Partial<InitAnswers> & { readonly yes?: boolean };

/** What is known before anybody is asked. */
export type KnownAnswers = {
  /** Not asked: their usual answer is the only one. */
  readonly settled: readonly (keyof InitAnswers)[];
  /** What is usual here, with the answers so far; undefined for what is usual anyway. */
  readonly usual: (
    key: keyof InitAnswers,
    answers: ReadonlyMap<keyof InitAnswers, string>,
  ) => string | undefined;
};

const NOTHING_KNOWN: KnownAnswers = { settled: [], usual: () => undefined };

type Question = { readonly key: keyof InitAnswers; readonly ask: string; readonly usual: string };

/** Takes answers from flags, then from the terminal, then from what is usual (`--yes`). @throws OperatorError */
export async function answerQuestions(
  flags: InitFlags,
  known: KnownAnswers = NOTHING_KNOWN,
): Promise<InitAnswers> {
  const answers = new Map<keyof InitAnswers, string>();
  const interactive = flags.yes !== true && process.stdin.isTTY;
  const missing = KEYS.filter((key) => flags[key] === undefined && !known.settled.includes(key));
  if (flags.yes !== true && !interactive && missing.length > 0) {
    throw new OperatorError("init asks on a terminal, and there is none", {
      hint: `add --yes to take what is usual, or give ${missing
        .map((key) => `--${key}`)
        .join(" ")}`,
      exitCode: EXIT.usage,
    });
  }
  const lines = interactive
    ? createInterface({ input: process.stdin, output: process.stderr })
    : undefined;
  try {
    for (const key of KEYS) {
      const { ask, ...question } = questionFor(key, answers);
      const usual = known.usual(key, answers) ?? question.usual;
      const isSettled = known.settled.includes(key);
      const given = isSettled
        ? usual
        : (flags[key] ?? (await lines?.question(`${ask} [${usual}]: `)));
      answers.set(key, given === undefined || given.trim() === "" ? usual : given.trim());
    }
  } finally {
    lines?.close();
  }
  const answer = (key: keyof InitAnswers): string => answers.get(key) ?? "";
  return {
    cluster: answer("cluster"),
    domain: answer("domain"),
    node: answer("node"),
    address: answer("address"),
    listen: answer("listen"),
  };
}

const KEYS = ["node", "domain", "cluster", "address", "listen"] as const;

function questionFor(key: keyof InitAnswers, answers: ReadonlyMap<string, string>): Question {
  const [host = "m1", ...domain] = hostname().toLowerCase().split(".");
  switch (key) {
    case "node":
      return { key, ask: "Name of this machine", usual: host };
    case "domain":
      return { key, ask: "Node domain", usual: domain.join(".") || "cluster.example" };
    case "cluster":
      return {
        key,
        ask: "Cluster name",
        usual: (answers.get("domain") ?? "cluster").split(".")[0] ?? "cluster",
      };
    case "address":
      return { key, ask: "Address of this machine", usual: firstAddress() };
    case "listen":
      return {
        key,
        ask: "Listen on",
        usual: `${bracketed(answers.get("address") ?? "127.0.0.1")}:${DEFAULT_PORT}`,
      };
  }
}

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

function firstAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal }) => !internal);
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address ?? "127.0.0.1";
}
