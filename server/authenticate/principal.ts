import { printable } from "../../policy/identify.ts";
import { isValueOf } from "../../policy/text/template.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import type { PersonName } from "../directory/directory.ts";

/**
 * A Kerberos principal, `primary[/instance]@REALM` (RFC 4120 §6.2).
 *
 * Realms that differ only in case are different realms (RFC 4120 §6.1), and so are names: compared byte for byte,
 * never folded, mapped or cut.
 */
export type Principal = {
  /** The whole, as it is written in policies, logs and certificates. */
  readonly principal: string;
  readonly primary: string;
  readonly instance?: string;
  readonly realm: string;
};

/** Characters; longer names fit no directory's attribute and no log line. */
const LONGEST = 255;

const PARTS = /^(?<primary>[^/@]+)(?:\/(?<instance>[^/@]+))?@(?<realm>[^/@]+)$/;

/** RFC 6111 §3: names that stand for nobody, such as `WELLKNOWN/ANONYMOUS`. */
const WELL_KNOWN = "WELLKNOWN";

/**
 * Reads the display name of a principal as GSS-API gives it (RFC 1964 §2.1.1).
 *
 * Names that Kerberos would write with a backslash (`a\@b@REALM`), of more than two components, of nobody, or that
 * no policy can name are refused.
 *
 * @throws KeysystemError `auth.kerberos`
 */
export function parsePrincipal(text: string): Principal {
  const { primary, instance, realm } = PARTS.exec(text)?.groups ?? {};
  if (text.length > LONGEST || !isValueOf("principal", text)) throw refused(text);
  if (primary === undefined || realm === undefined || primary === WELL_KNOWN) throw refused(text);
  return { principal: text, primary, ...(instance === undefined ? {} : { instance }), realm };
}

/**
 * The name under which a directory may be asked: that of `primary@REALM` in exactly the cluster's realm. Undefined
 * for every other: `alice/admin` is not alice, and neither is alice of another realm.
 */
export function lookupName(principal: Principal, clusterRealm: string): PersonName | undefined {
  if (principal.instance !== undefined || principal.realm !== clusterRealm) return undefined;
  return { kind: "principal", principal: principal.principal, primary: principal.primary };
}

const refused = (text: string): KeysystemError =>
  new KeysystemError(
    "auth.kerberos",
    `the principal ${JSON.stringify(printable(text))} is not one that a policy can name: primary/instance@REALM of letters, digits, dots, hyphens and underscores`,
  );
