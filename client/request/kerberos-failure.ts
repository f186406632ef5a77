import { EXIT, type ExitCode } from "../../protocol/exit-codes.ts";
import { Failure, messageOf } from "../terminal/failure.ts";

/** What a text of GSS-API or libkrb5 means for the person. */
type Reading = {
  readonly says: RegExp;
  readonly exit: ExitCode;
  readonly message: (service: string, text: string) => string;
  readonly hints: readonly string[];
};

/** In this order: the first that fits counts. */
const READINGS: readonly Reading[] = [
  {
    says: /Cannot contact any KDC|Cannot find KDC/i,
    exit: EXIT.unreachable,
    message: (service) => `the KDC of ${realmOf(service)} does not answer`,
    hints: [
      "certificates that you hold go on working:  keyreq status",
      "later again, or:  --wait 5m",
    ],
  },
  {
    says: /Clock skew too great/i,
    exit: EXIT.clock,
    message: () => "this machine's clock and the KDC's differ too much for Kerberos",
    hints: ["look:  chronyc tracking      set:  chronyc makestep"],
  },
  {
    says: /Ticket expired|credentials have expired|Ticket not yet valid/i,
    exit: EXIT.unauthenticated,
    message: () => "your Kerberos ticket has expired",
    hints: ["kinit"],
  },
  {
    says: /not found in Kerberos database|Server .* unknown/i,
    exit: EXIT.unauthenticated,
    message: (service) => `the KDC knows no service ${service}`,
    hints: [
      "tell an operator: it is what the keyserver publishes, and it needs a key in its keytab",
      "where DNS names the server otherwise: dns_canonicalize_hostname = false and rdns = false in /etc/krb5.conf",
    ],
  },
  {
    says: /Cannot find .*realm|No credentials cache found|No Kerberos credentials available|No credentials were supplied/i,
    exit: EXIT.unauthenticated,
    message: () => "you have no Kerberos ticket",
    hints: ["kinit"],
  },
];

const realmOf = (service: string): string => service.slice(service.indexOf("@") + 1);

/** Says what an error of the Kerberos library means. */
export function explainKerberos(service: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = messageOf(error);
  const reading = READINGS.find(({ says }) => says.test(text));
  if (reading === undefined) {
    return new Failure(
      EXIT.unauthenticated,
      `Kerberos does not give a ticket for ${service}: ${oneLine(text)}`,
      ["klist      then:  kinit"],
      { cause: error },
    );
  }
  const { exit, message, hints } = reading;
  return new Failure(exit, message(service, text), hints, { cause: error });
}

const oneLine = (text: string): string => text.replaceAll(/\p{C}+/gu, " ").trim();
