import type { IssuedCertificate } from "../../protocol/messages.ts";
import { filesOf } from "../credential/files-of.ts";
import { mismatch } from "../credential/mismatch.ts";
import { verifySsh } from "../credential/verify-ssh.ts";
import { verifyTls } from "../credential/verify-tls.ts";
import type { Disk } from "../files/disk.ts";
import type { Generation } from "../files/generation.ts";
import { installGeneration } from "../files/install.ts";
import type { Journal } from "../files/journal.ts";
import { formatTime } from "../terminal/duration.ts";
import type { CredentialRecord } from "./credential.ts";
import { reloadKey, type Memory } from "./memory.ts";
import { checkBytes, type Order } from "./obtain.ts";

export type AcceptDeps = {
  readonly disk: Disk;
  readonly journal: Journal;
  readonly memory: Memory;
  /** Anchors of an authority: PEM, or SSH public key lines. */
  readonly anchorsOf: (authority: string) => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the service of a recipe answers before its files are replaced. */
  readonly answers: (order: Order) => Promise<boolean>;
};

/**
 * Checks what came for an order and puts it in place, so that a stop at any point leaves the old
 * pair or the new one after the next start at the latest.
 *
 * @throws Failure when the certificate is not what it should be or the disk does not take it.
 */
export async function acceptCertificate(
  deps: AcceptDeps,
  order: Order,
  issued: IssuedCertificate,
): Promise<CredentialRecord> {
  const { disk, journal, memory } = deps;
  const { recipe } = order.wanted;
  const certificate = checkIssued(deps, order, issued);
  const record = recordOf(deps, order, issued, {
    certificate,
    answered: await deps.answers(order),
  });
  const { grant } = recipe;
  const generation: Generation = {
    schema: 1,
    grant,
    files: [...filesFor(deps, order, issued)],
    record,
  };
  journal.begin(generation, memory.state().credentials[grant]);
  installGeneration(disk, generation);
  settle({ journal, memory }, record);
  return record;
}

/** Remembers what is in place now and lets go of the promise. */
export function settle(
  { journal, memory }: Pick<AcceptDeps, "journal" | "memory">,
  record: CredentialRecord,
): void {
  memory.keepCredential(record);
  memory.keepSetback(record.grant, undefined);
  memory.keepSetback(reloadKey(record.grant), undefined);
  memory.save();
  journal.finish(record.grant);
}

function checkIssued(deps: AcceptDeps, order: Order, issued: IssuedCertificate): Buffer {
  const { offer, recipe } = order.wanted;
  const { grant } = recipe;
  if (issued.grant !== grant) throw mismatch(grant, `came for ${issued.grant}`);
  const { key } = order;
  const common = { grant, anchors: deps.anchorsOf(offer.authority ?? ""), offer, now: deps.now() };
  if (key.form === "ssh") return verifySsh(issued.certificate, { ...common, key: key.key }).blob;
  return verifyTls(issued.certificate, issued.chain, { ...common, key: key.key }).der;
}

function filesFor({ anchorsOf }: AcceptDeps, order: Order, issued: IssuedCertificate) {
  const { recipe, offer } = order.wanted;
  // One file holds key and certificate there, so the key is written again with them.
  const kept =
    recipe.files.form === "combined" && order.key.form === "tls" ? order.key.key : undefined;
  const key = order.made ?? kept;
  return filesOf(recipe, {
    ...(key === undefined ? {} : { key }),
    certificate: issued.certificate,
    chain: issued.chain,
    anchors: anchorsOf(offer.authority ?? ""),
    check: checkBytes(),
  });
}

function recordOf(
  { now }: AcceptDeps,
  { wanted: { offer, recipe } }: Order,
  { serial, notBefore, notAfter, renew }: IssuedCertificate,
  { certificate, answered }: { readonly certificate: Buffer; readonly answered: boolean },
): CredentialRecord {
  return {
    grant: recipe.grant,
    authority: offer.authority ?? "",
    serial,
    notBefore,
    notAfter,
    issued: formatTime(now()),
    renewAfter: renew.after,
    renewBefore: renew.before,
    certificate: certificate.toString("base64"),
    reload: recipe.reload.length === 0 && recipe.probe === undefined ? "done" : "due",
    answered,
  };
}
