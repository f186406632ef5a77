import { randomBytes, type KeyObject } from "node:crypto";
import { readInstalledKey } from "../credential/installed.ts";
import { chooseKind, makeKey, requestFor } from "../credential/make-key.ts";
import { publicSshKey, sshLine } from "../credential/ssh-private-key.ts";
import type { SshPublicKey } from "../../keys/formats/ssh-public-key.ts";
import type { CertificateRequest, IssuedCertificate } from "../../protocol/messages.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { errorOf, type Keyserver } from "../connection/keyserver.ts";
import type { Disk } from "../files/disk.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Wanted } from "./wanted.ts";

/** A key and the request that goes with it. */
export type Order = {
  readonly wanted: Wanted;
  readonly request: CertificateRequest;
  /** Present where the key is new and must be written. */
  readonly made?: KeyObject;
  readonly key: OrderKey;
};

/** The key that the certificate must fit. */
export type OrderKey =
  | { readonly form: "tls"; readonly key: KeyObject }
  | { readonly form: "ssh"; readonly key: SshPublicKey };

/** What became of an order. */
export type Delivery =
  | { readonly order: Order; readonly issued: IssuedCertificate }
  | { readonly order: Order; readonly error: KeysystemError };

/** Requests in one exchange (protocol/messages.ts). */
const BATCH = 32;

/**
 * Makes the request for one wanted certificate: with a new key, or with the one in place where the
 * recipe keeps it.
 */
export function prepareOrder(disk: Disk, wanted: Wanted): Order {
  const { recipe, offer } = wanted;
  const kept = recipe.keepKey ? readInstalledKey(disk, recipe) : undefined;
  if (kept !== undefined) return { wanted, key: kept, request: requestOf(offer.grant, kept) };
  const made = makeKey(kindFor(recipe, offer.keys));
  const key = keyOf(recipe, made);
  return { wanted, key, made, request: requestOf(offer.grant, key) };
}

const kindFor = (recipe: Recipe, offered: readonly string[] | undefined) =>
  recipe.files.form === "ssh" ? "ed25519" : chooseKind(recipe.keyKind, offered);

const keyOf = ({ files }: Recipe, made: KeyObject): OrderKey =>
  files.form === "ssh" ? { form: "ssh", key: publicSshKey(made) } : { form: "tls", key: made };

const requestOf = (grant: string, key: OrderKey): CertificateRequest =>
  key.form === "ssh" ? { grant, publicKey: sshLine(key.key) } : { grant, csr: requestFor(key.key) };

/**
 * Asks for everything in as few exchanges as there can be. A refused request spoils no other.
 *
 * @throws KeysystemError or Failure when an exchange as a whole did not succeed.
 */
export async function sendOrders(
  keyserver: Pick<Keyserver, "certificates">,
  orders: readonly Order[],
): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for (let at = 0; at < orders.length; at += BATCH) {
    const batch = orders.slice(at, at + BATCH);
    const results = await keyserver.certificates(batch.map(({ request }) => request));
    for (const [index, order] of batch.entries()) {
      deliveries.push(deliveryOf(order, results[index]));
    }
  }
  return deliveries;
}

function deliveryOf(
  order: Order,
  result: Awaited<ReturnType<Keyserver["certificates"]>>[number] | undefined,
): Delivery {
  if (result === undefined) return { order, error: new KeysystemError("internal", "no answer") };
  if ("problem" in result) return { order, error: errorOf(result.problem) };
  return { order, issued: result };
}

/** Four bytes that OpenSSH's key format wants twice. */
export const checkBytes = (): Buffer => randomBytes(4);
