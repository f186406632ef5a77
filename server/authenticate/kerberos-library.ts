/** What of the package `kerberos` the server uses. */
export type KerberosLibrary = {
  /** A context for one exchange; with "" it takes tickets for every key in the keytab, and looks no name up. */
  initializeServer(service: string): Promise<KerberosContext>;
  /** The first principal `service/host@…` in the keytab; rejects with the step that failed and a number. */
  principalDetails(service: string, host: string): Promise<string>;
};

/** One exchange of tokens (RFC 2743 §2.2.2). Names are set once it is complete. */
export type KerberosContext = {
  /** Takes the client's token and gives the server's, both base64. Rejects with the words of GSS-API. */
  step(token: string): Promise<string | null>;
  readonly contextComplete: boolean;
  /** The client's principal. */
  readonly username: string;
  /** The principal that the ticket was made for. */
  readonly targetName: string;
};

/** The files of libkrb5 on the server's side. */
export type KerberosFiles = {
  /** Absolute path of the keytab with the service's keys. */
  readonly keytab: string;
  /** Absolute path of the replay cache; its folder exists, and only keyserver writes to it. */
  readonly replayCache: string;
};

/**
 * Tells libkrb5, which reads this from the environment of its process alone, where its files are. To be called once,
 * before the first token; `environment` is that of the process.
 */
export function setKerberosEnvironment(
  { keytab, replayCache }: KerberosFiles,
  environment: Record<string, string | undefined>,
): void {
  environment["KRB5_KTNAME"] = `FILE:${keytab}`;
  // A file, so that a token that was used before a restart is still known after it.
  environment["KRB5RCACHENAME"] = `file2:${replayCache}`;
  // The older variables would have a say where the new ones are not understood.
  delete environment["KRB5RCACHETYPE"];
  delete environment["KRB5RCACHEDIR"];
}

/**
 * Loads the package and maps the libraries that it opens at its first use (libgssapi_krb5, libkrb5 and theirs), so
 * that it works after keyserver became a user who may not read the program's files.
 *
 * @throws Error when the package, or Kerberos itself, is not installed.
 */
export async function loadKerberos(): Promise<KerberosLibrary> {
  const { initializeServer, principalDetails } = await import("kerberos");
  const context = await initializeServer("");
  // An empty token of SPNEGO: refused by the library, never by a missing one.
  await context.step("YAA=").catch(() => undefined);
  return { initializeServer, principalDetails };
}
