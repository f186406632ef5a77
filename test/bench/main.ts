import { parseArgs } from "node:util";
import { createContext, type ContextOptions } from "./context.ts";
import type { Figures, Measure } from "./measure.ts";
import { clientIdle } from "./measures/client-idle.ts";
import { issueInProcess } from "./measures/issue-inprocess.ts";
import { issueKept, issueSsh, issueStorm } from "./measures/issue.ts";
import { latency } from "./measures/latency.ts";
import { ledgerGrowth } from "./measures/ledger-growth.ts";
import { memory } from "./measures/memory.ts";
import { peopleFacts, peopleLogin } from "./measures/people.ts";
import { peopleSsh } from "./measures/people-ssh.ts";
import { policyBombs, policyCommands, policyDecide } from "./measures/policy.ts";
import { policyReload } from "./measures/policy-reload.ts";
import { comparePeer } from "./peer/compare.ts";
import { formatDocument, formatRow, TABLE_HEAD } from "./report.ts";

const MEASURES: readonly Measure[] = [
  issueInProcess,
  issueKept("kept.8"),
  issueKept("kept.1"),
  issueStorm("storm.8"),
  issueStorm("storm.1"),
  issueSsh,
  latency,
  memory,
  ledgerGrowth,
  clientIdle,
  peopleLogin,
  peopleFacts,
  peopleSsh,
  policyCommands,
  policyDecide,
  policyBombs,
  policyReload,
];

const USAGE = `usage: npm run bench -- [--json] [--quick] [--peer DIR] [NAME…]
  NAME      a measure or the beginning of its name: issue.kept, latency (default: all)
  --json    one JSON document instead of the table
  --quick   short measures and a small ledger: to see that all runs, not for figures
  --peer    beside step-ca, from the folder that build-peers filled
measures: ${MEASURES.flatMap(({ names }) => names).join(" ")}
`;

const THOROUGH = { seconds: 8, warmSeconds: 3, growth: 1_000_000 } as const;
const QUICK = { seconds: 2, warmSeconds: 1, growth: 100_000 } as const;

type Arguments = {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly quick: boolean;
  readonly peer?: string;
};

function readArguments(args: readonly string[]): Arguments {
  const options = {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    peer: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const { json, quick, peer } = values;
  return { names: positionals, json, quick, ...(peer === undefined ? {} : { peer }) };
}

const isSelected = ({ names }: Measure, wanted: readonly string[]): boolean =>
  wanted.length === 0 ||
  names.some((name) => wanted.some((prefix) => name === prefix || name.startsWith(`${prefix}.`)));

async function main({ names, json, quick, peer }: Arguments): Promise<void> {
  const time = quick ? QUICK : THOROUGH;
  const say = (text: string): unknown => (json ? process.stderr : process.stdout).write(text);
  const selected = MEASURES.filter((measure) => isSelected(measure, names));
  if (selected.length === 0) throw new TypeError(`no measure is called ${names.join(" ")}`);
  say(TABLE_HEAD);
  const show = (found: Figures): Figures => {
    for (const [name, figure] of Object.entries(found)) say(formatRow(name, figure));
    return found;
  };
  const figures =
    peer === undefined
      ? await measureAll(selected, time, show)
      : show(await comparePeer(peer, time));
  if (json) process.stdout.write(formatDocument(figures));
}

async function measureAll(
  selected: readonly Measure[],
  time: ContextOptions,
  show: (found: Figures) => Figures,
): Promise<Figures> {
  await using context = createContext(time);
  let figures: Figures = {};
  for (const measure of selected) {
    figures = { ...figures, ...show(await measure.run(context)) };
  }
  return figures;
}

try {
  await main(readArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`bench: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(USAGE);
  process.exitCode = 1;
}
