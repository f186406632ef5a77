import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import { Failure, messageOf } from "../../terminal/failure.ts";

/** What a text of GSS-API or libkrb5 means for the person. */
type Reading = {
  readonly says: RegExp;
  readonly exit: ExitCode;
  /** `named` is what the text names: a realm or a principal. */
  readonly message: (service: string, named: string) => string;
  readonly hints: readonly string[];
};

/** In this order: the first that fits counts. The texts are those of MIT Kerberos, in its own English. */
const READINGS: readonly Reading[] = [
  {
    says: /Cannot find KDC for realm "([^"]*)"/,
    exit: EXIT.unreachable,
    message: (service, realm) => `no KDC of ${realm || realmOf(service)} is known on this machine`,
    hints: ["name it under [realms] in /etc/krb5.conf, or see that DNS works"],
  },
  {
    says: /Cannot contact any KDC(?: for realm '([^']*)')?/,
    exit: EXIT.unreachable,
    message: (service, realm) => `the KDC of ${realm || realmOf(service)} does not answer`,
    hints: ["is it up?  kinit asks it too"],
  },
  {
    says: /Clock skew too great/,
    exit: EXIT.clock,
    message: () => "this machine's clock and the KDC's differ too much for Kerberos",
    hints: ["look:  chronyc tracking      set:  chronyc makestep"],
  },
  {
    says: /Ticket expired|credentials have expired|context has expired|Ticket not yet valid/,
    exit: EXIT.unauthenticated,
    message: () => "your Kerberos ticket has expired",
    hints: ["kinit"],
  },
  {
    says: /Server (krbtgt\/\S+) not found in Kerberos database/,
    exit: EXIT.unauthenticated,
    message: (service) =>
      `your ticket is of another realm, from which no trust leads to ${realmOf(service)}`,
    hints: ["kinit NAME@REALM  with the realm of the cluster"],
  },
  {
    says: /Server (\S+) not found in Kerberos database/,
    exit: EXIT.unauthenticated,
    message: (_, named) => `the KDC knows no service ${named}`,
    hints: [
      "tell an operator: the keyserver publishes it, and its keytab needs a key for it",
      "where DNS leads to another name: dns_canonicalize_hostname = false and rdns = false in /etc/krb5.conf",
    ],
  },
  {
    says: /No credentials were supplied|No Kerberos credentials available|No credentials cache found/,
    exit: EXIT.unauthenticated,
    message: () => "you have no Kerberos ticket",
    hints: ["kinit"],
  },
];

const realmOf = (service: string): string => service.slice(service.indexOf("@") + 1);

/** Whether a ticket ended between the question and its answer. */
export const isExpiry = (error: unknown): boolean => /context has expired/.test(messageOf(error));

/** Says what an error of the Kerberos library means; a Failure is given back as it is. */
export function explainKerberos(service: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = messageOf(error);
  for (const { says, exit, message, hints } of READINGS) {
    const found = says.exec(text);
    if (found === null) continue;
    return new Failure(exit, message(service, found[1] ?? ""), hints, { cause: error });
  }
  const message = `Kerberos gives no ticket for ${service}: ${text.replaceAll(/\p{C}+/gu, " ")}`;
  return new Failure(EXIT.unauthenticated, message, ["kinit      see what there is:  klist"], {
    cause: error,
  });
}
