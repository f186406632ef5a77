import { EXIT } from "../../../protocol/exit-codes.ts";
import { Failure, messageOf } from "../../terminal/failure.ts";
import { explainKerberos, isExpiry } from "./kerberos-failure.ts";

/** One SPNEGO exchange (RFC 4559) that has sent nothing yet. */
export type Negotiation = {
  /** Base64, for `Authorization: Negotiate TOKEN`; good once. */
  readonly token: string;
  /**
   * Checks what the server sent back (`WWW-Authenticate: Negotiate ANSWER`) and gives the own principal.
   *
   * @throws Failure (exit 6) when it does not prove that the server holds the service's key.
   */
  readonly verify: (answer: string) => Promise<string>;
};

/**
 * Begins an exchange with `service`, a principal as the server publishes it (`HTTP/HOST@REALM`);
 * a KDC has `patience` milliseconds to answer.
 *
 * @throws Failure that says what is wrong with ticket, KDC or service.
 */
export type Negotiate = (service: string, patience: number) => Promise<Negotiation>;

/** Begins exchanges with the ticket in this process's credential cache. Nothing is ever delegated. */
export const negotiate: Negotiate = async (service, patience) => {
  const kerberos = await loadKerberos();
  const { GSS_C_MUTUAL_FLAG, GSS_C_SEQUENCE_FLAG, GSS_MECH_OID_SPNEGO } = kerberos;
  const begin = async (): Promise<Negotiation> => {
    const client = await kerberos.initializeClient(hostBased(service), {
      mechOID: GSS_MECH_OID_SPNEGO,
      gssFlag: GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG,
    });
    const token = await client.step("");
    return { token, verify: (answer) => verifyAnswer(client, service, answer) };
  };
  try {
    return await within(patience, begin());
  } catch (error) {
    throw explainKerberos(service, error);
  }
};

/** The form of a service's name that GSS-API takes (RFC 2743 §4.1): `HTTP@HOST`. @throws Failure */
export function hostBased(service: string): string {
  const [, name, host] = /^([A-Za-z0-9]+)\/([A-Za-z0-9.-]+)@[A-Za-z0-9.-]+$/.exec(service) ?? [];
  if (name !== undefined && host !== undefined) return `${name}@${host}`;
  throw new Failure(EXIT.unexpected, `${JSON.stringify(service)} is no service principal`, [
    "an operator looks at  kerberos.principal  in /etc/keysystem/server.yaml",
  ]);
}

async function loadKerberos() {
  try {
    // Native, and not needed for most of what keyreq does.
    return (await import("kerberos")).default;
  } catch (error) {
    throw new Failure(
      EXIT.unauthenticated,
      `Kerberos is not usable on this machine: ${messageOf(error).split("\n")[0]}`,
      ["apt install libgssapi-krb5-2"],
      { cause: error },
    );
  }
}

/** What is used of the package's client. */
export type Stepping = {
  readonly step: (challenge: string) => Promise<string>;
  readonly contextComplete: boolean;
  readonly username: string;
};

/** Finishes an exchange with the server's answer and gives the own principal. @throws Failure (exit 6) */
export async function verifyAnswer(
  client: Stepping,
  service: string,
  answer: string,
): Promise<string> {
  try {
    await client.step(answer);
  } catch (error) {
    throw isExpiry(error) ? explainKerberos(service, error) : unproven(service, error);
  }
  if (!client.contextComplete) throw unproven(service, undefined);
  return client.username;
}

const unproven = (service: string, cause: unknown): Failure =>
  new Failure(
    EXIT.unauthenticated,
    `the server's answer does not prove that it holds the key of ${service}`,
    ["tell an operator; see there:  keyserver status"],
    { cause },
  );

/** libkrb5 waits up to half a minute for a KDC that is silent, and cannot be told otherwise. */
async function within<T>(patience: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(SILENT)), patience);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

const SILENT = "Cannot contact any KDC: no answer in time";
