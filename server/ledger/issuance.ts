import type { LogWriter } from "../log/chain.ts";
import type { AbandonmentWriter } from "./abandonment.ts";
import type { CertificateWriter } from "./certificates.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { Intents, OpenIntent } from "./intents.ts";
import type { IssuedRecord, Ledger } from "./ledger.ts";
import type { Nodes } from "./nodes.ts";
import type { Tallies } from "./tallies.ts";
import type { Tokens } from "./tokens.ts";

/** The steps of an issuance that are written: intent, then certificate or end. */
export type Issuance = Pick<Ledger, "intend" | "intendJoin" | "record" | "abandon">;

export type IssuanceDeps = {
  readonly group: GroupCommit;
  readonly intents: Intents;
  readonly certificates: CertificateWriter;
  readonly abandonments: AbandonmentWriter;
  readonly tokens: Tokens;
  readonly nodes: Nodes;
  readonly tallies: Tallies;
  readonly log: LogWriter;
  readonly now: () => number;
};

/** Puts the steps together: each is one write of the group commit. */
export function createIssuance(deps: IssuanceDeps): Issuance {
  const { group, intents, abandonments, tokens, log, now } = deps;

  /** Settles open intents with one write; they are open again when it is not committed. */
  const settle = async <T>(open: readonly OpenIntent[], apply: () => T): Promise<T> => {
    try {
      return await group.write(apply);
    } catch (error) {
      open.forEach(intents.keepOpen);
      throw error;
    }
  };
  return {
    intend: async (batch) => {
      const opened = await group.write(() => batch.map(intents.insert));
      opened.forEach(intents.keepOpen);
    },
    intendJoin: async (tokenId, keyFingerprint, intent) => {
      const opened = await group.write(() =>
        tokens.bind(tokenId, keyFingerprint, intent.at) ? intents.insert(intent) : undefined,
      );
      if (opened === undefined) return "spent";
      intents.keepOpen(opened);
      return "bound";
    },
    record: async (records) => {
      const open = takeAll(intents, records);
      return settle(open, () => {
        open.forEach((entry, index) => writeRecord(deps, entry, records[index]));
        writeTallies(deps.tallies, records);
        return log.checkpoint();
      });
    },
    abandon: async (failures) => {
      const open = takeAll(intents, failures);
      await settle(open, () => {
        open.forEach((entry, index) => {
          abandonments.insert(entry, failures[index]?.why ?? "", now());
        });
      });
    },
  };
}

/** All or none. */
function takeAll(
  intents: Intents,
  wanted: readonly Pick<IssuedRecord, "authority" | "serial">[],
): readonly OpenIntent[] {
  const taken: OpenIntent[] = [];
  try {
    for (const { authority, serial } of wanted) taken.push(intents.take(authority, serial));
    return taken;
  } catch (error) {
    taken.forEach(intents.keepOpen);
    throw error;
  }
}

function writeRecord(
  { certificates, tokens, nodes }: IssuanceDeps,
  open: OpenIntent,
  record: IssuedRecord | undefined,
): void {
  if (record === undefined) throw new TypeError("an intent without its record");
  certificates.insert(open, record);
  if (record.join === undefined) return;
  tokens.spend(record.join.tokenId, open.seq);
  nodes.join(record.join.node, open.seq, record.at);
}

function writeTallies(tallies: Tallies, records: readonly IssuedRecord[]): void {
  const issued = new Map<string, { authority: string; at: number; count: number }>();
  for (const { authority, at } of records) {
    const tally = issued.get(authority) ?? { authority, at, count: 0 };
    tally.count += 1;
    issued.set(authority, tally);
  }
  for (const { authority, at, count } of issued.values()) tallies.add(authority, at, count);
}
