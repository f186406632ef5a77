import type { Activated, CycleReport, Renewed } from "../agent/report.ts";
import type { JournalEntry, SystemJournal } from "../service/system-journal.ts";
import type { Output } from "../terminal/output.ts";

/** Who ran, and where entries go besides the terminal. */
export type Teller = {
  readonly node: string;
  /** Undefined where nobody keeps a journal of what we say. */
  readonly journal: SystemJournal | undefined;
};

/**
 * Tells what a run did: one line for each thing, or one entry of the journal for each credential.
 *
 * A line that the journal did not take is said all the same.
 */
export async function sayReport(
  output: Output,
  report: CycleReport,
  { node, journal }: Teller,
): Promise<void> {
  if (journal === undefined) return sayLines(output, report);
  for (const entry of entriesOf(report, node)) {
    if (!(await journal(entry))) output.warn(entry.message);
  }
}

function sayLines(output: Output, report: CycleReport): void {
  const { recovered, renewed, activations, failed } = report;
  for (const grant of recovered) output.say(recoveredText(grant));
  for (const each of renewed) output.done(each.grant, renewedText(each));
  for (const { grant, activation } of activations) {
    if ("message" in activation) output.warn(`${grant}: ${activation.message}`);
    else output.done(grant, SAID[activation.outcome]);
  }
  for (const { grant, message } of failed) output.warn(`${grant}: ${message}`);
  const isQuiet = recovered.length + renewed.length + activations.length + failed.length === 0;
  if (isQuiet && report.obstacle === undefined) output.say("nothing was due");
}

const SAID = {
  "in use": "the service serves it",
  "not in use": "the service still serves an older one, or is not running",
  told: "the service was told",
} as const;

const renewedText = ({ why, serial }: Renewed): string => `renewed (${why}), serial ${serial}`;
const recoveredText = (grant: string): string => `${grant}: an interrupted renewal was finished`;

/** What a run did, as entries: one for a renewal with what its service made of it. Nothing done, no entry. */
export function entriesOf(report: CycleReport, node: string): readonly JournalEntry[] {
  const { recovered, renewed, activations, failed } = report;
  const alone = activations.filter(
    (activated) => !renewed.some(({ grant }) => grant === activated.grant),
  );
  const entries = [
    ...recovered.map((grant): GrantEntry => {
      const message = recoveredText(grant);
      return { grant, message, priority: 5, fields: { EVENT: "recovered" } };
    }),
    ...renewed.map((each): GrantEntry => {
      const { grant, serial } = each;
      const told = activations.find((activated) => activated.grant === grant);
      const { priority, fields, text } = told === undefined ? UNTOLD : describe(told);
      const message = [`${grant}: ${renewedText(each)}`, ...text].join("; ");
      return { grant, message, priority, fields: { EVENT: "renewed", SERIAL: serial, ...fields } };
    }),
    ...alone.map((told): GrantEntry => {
      const { grant } = told;
      const { priority, fields, text } = describe(told);
      const message = `${grant}: ${text.join("")}`;
      return { grant, message, priority, fields: { EVENT: "reloaded", ...fields } };
    }),
    ...failed.map(({ grant, code, message }): GrantEntry => {
      const fields = { EVENT: "failed", CODE: code };
      return { grant, message: `${grant}: ${message}`, priority: 4, fields };
    }),
  ];
  return entries.map(({ grant, fields, ...entry }) => ({
    ...entry,
    fields: { NODE: node, GRANT: grant, ...fields },
  }));
}

type GrantEntry = JournalEntry & { readonly grant: string };

type Told = Pick<JournalEntry, "priority" | "fields"> & { readonly text: readonly string[] };

const UNTOLD: Told = { priority: 5, fields: {}, text: [] };

function describe({ activation }: Activated): Told {
  const fields = { SERVICE: activation.outcome };
  if ("message" in activation) return { priority: 4, fields, text: [activation.message] };
  return { priority: 5, fields, text: [SAID[activation.outcome]] };
}
