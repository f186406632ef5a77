import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatTime } from "../../terminal/duration.ts";
import type { Output } from "../../terminal/output.ts";
import { clientCertificate, type ClientFlags, type Purpose } from "../held/client-certificate.ts";
import type { RequestDeps } from "../deps.ts";
import { etcdVariables } from "../run/etcd-environment.ts";
import { runProgram } from "../run/run-program.ts";

/** Flags of `keyreq etcd`; durations as people write them. */
export type EtcdFlags = ClientFlags;

const PURPOSE: Purpose = { authority: "etcd-client", what: "etcd" };

/**
 * `keyreq etcd`: gets a client certificate for etcd; with `words` runs that program with it and
 * gives its exit code, else prints what `eval` in a shell takes.
 *
 * @throws Failure
 */
export async function etcdCommand(
  deps: RequestDeps,
  output: Output,
  words: readonly string[],
  flags: EtcdFlags,
): Promise<number> {
  const held = await clientCertificate(deps, output, PURPOSE, flags);
  const [file, ...args] = words;
  const variables = etcdVariables(deps, held, args);
  if (file !== undefined) {
    return runProgram({ file, args, environment: { ...deps.environment, ...variables } });
  }
  const { grant, serial, subject, notAfter } = held.credential;
  if (output.options.json) {
    const ends = formatTime(notAfter);
    output.document({ grant, serial, subject, notAfter: ends, environment: variables });
  } else {
    for (const [name, value] of Object.entries(variables)) {
      output.print(`export ${name}=${quote(value)}\n`);
    }
  }
  return EXIT.ok;
}

/** One word of a POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
