import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CredentialSummary } from "../held/credential.ts";
import type { ClusterPlaces } from "../places.ts";
import {
  inPrivateFolder,
  readPrivateFile,
  writePrivateFile,
  type DataFolder,
} from "../held/private-file.ts";

/**
 * What `client/bin/keyreq-fresh` reads for each login, one line: `END MARGIN GRANT [SOCKET]`.
 *
 * SOCKET is the agent that holds the key. The front takes the certificate for good while that is the
 * session's agent and no younger than the line. It cannot ask the agent: where somebody emptied it
 * (`ssh-add -D`), ssh goes on with ordinary keys until `keyreq ssh` puts the certificate back.
 */
export type Freshness = {
  /** Seconds since 1970 at which the certificate ends. */
  readonly end: number;
  /** Seconds before the end at which a new one is due. */
  readonly margin: number;
  readonly grant: string;
  readonly socket?: string;
};

const LONGEST_MARGIN = 300;
const PART = 10;

/** The freshness of a certificate: due 5 minutes before its end, or a tenth of its life where that is shorter. */
export function freshnessOf(
  { notBefore, notAfter, grant }: Pick<CredentialSummary, "notBefore" | "notAfter" | "grant">,
  socket: string | undefined,
): Freshness {
  const life = (notAfter - notBefore) / 1000;
  const margin = Math.min(LONGEST_MARGIN, Math.floor(life / PART));
  const end = Math.floor(notAfter / 1000);
  return { end, margin, grant, ...(socket === undefined ? {} : { socket }) };
}

/** Whether a login can be the name of a file: the front checks the same. */
export const isLoginName = (login: string): boolean => /^(?!\.)[A-Za-z0-9._-]{1,128}$/.test(login);

/** Notes for logins until when they need nothing. Names that can be no files are left out. @throws Failure */
export function writeFreshness(
  data: DataFolder,
  { expiry }: ClusterPlaces,
  logins: readonly string[],
  { end, margin, grant, socket }: Freshness,
): void {
  const line = `${[end, margin, grant, ...(socket === undefined ? [] : [socket])].join(" ")}\n`;
  for (const login of new Set(logins.filter(isLoginName))) {
    writePrivateFile(data, join(expiry, login), line);
  }
}

/** What is noted for a login; undefined where nothing is. @throws Failure */
export function readFreshness(
  data: DataFolder,
  { expiry }: ClusterPlaces,
  login: string,
): Freshness | undefined {
  if (!isLoginName(login)) return undefined;
  const text = readPrivateFile(data, join(expiry, login));
  const [, end, margin, grant = "", socket] =
    /^(\d{1,12}) (\d{1,6}) (\S+)(?: (.+))?\n$/.exec(text ?? "") ?? [];
  if (end === undefined || margin === undefined) return undefined;
  const times = { end: Number(end), margin: Number(margin) };
  return { ...times, grant, ...(socket === undefined ? {} : { socket }) };
}

/** Removes the notes that name a grant, so that the next login asks for a certificate. @throws Failure */
export function forgetFreshness(data: DataFolder, places: ClusterPlaces, grant: string): void {
  inPrivateFolder(data, places.expiry, { create: false }, (folder) => {
    for (const login of readdirSync(folder.at("."))) {
      if (readFreshness(data, places, login)?.grant === grant) {
        rmSync(folder.at(login), { force: true });
      }
    }
  });
}
