import { EXIT } from "../../../protocol/exit-codes.ts";
import { formatDuration, formatTime } from "../../terminal/duration.ts";
import { Failure } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import {
  clientCertificate,
  type ClientFlags,
  type Purpose,
  type StoredCertificate,
} from "../held/client-certificate.ts";
import type { RequestDeps } from "../deps.ts";
import { writeRunConfig } from "../run/kube-config.ts";
import { formatExecCredential, readExecInfo, silenced } from "../run/kube-exec.ts";
import { runProgram } from "../run/run-program.ts";

/** Flags of `keyreq kube`; durations as people write them. */
export type KubeFlags = ClientFlags & { readonly execCredential?: boolean };

const PURPOSE: Purpose = { authority: "kubernetes", what: "the Kubernetes API" };

/**
 * `keyreq kube`: gets a certificate for the Kubernetes API; with `words` runs that program with it
 * and gives its exit code; with `--exec-credential` answers kubectl.
 *
 * @throws Failure
 */
export async function kubeCommand(
  deps: RequestDeps,
  output: Output,
  words: readonly string[],
  flags: KubeFlags,
): Promise<number> {
  const [file, ...args] = words;
  if (flags.execCredential === true) {
    if (file !== undefined) throw runsNothing(file);
    return answerKubectl(deps, output, flags);
  }
  const held = await clientCertificate(deps, output, PURPOSE, flags);
  if (file === undefined) return showHeld(deps, output, held);
  const config = writeRunConfig(deps, held);
  const environment =
    config === undefined ? deps.environment : { ...deps.environment, KUBECONFIG: config };
  return runProgram({ file, args, environment });
}

const runsNothing = (file: string): Failure =>
  new Failure(EXIT.usage, "--exec-credential answers kubectl and runs nothing", [
    `keyreq kube -- ${file} …`,
  ]);

async function answerKubectl(deps: RequestDeps, output: Output, flags: KubeFlags): Promise<number> {
  const request = readExecInfo(deps.environment);
  const quiet = { ...deps, terminal: silenced(deps.terminal, request) };
  const { credential } = await clientCertificate(quiet, output, PURPOSE, flags);
  output.print(formatExecCredential(request, credential));
  return EXIT.ok;
}

function showHeld(deps: RequestDeps, output: Output, held: StoredCertificate): number {
  const { credential, folder, cluster } = held;
  const { grant, authority, serial, subject, notAfter } = credential;
  const left = formatDuration((notAfter - deps.now()) / 1000);
  output.done(grant, `for ${left}, in ${folder}`);
  if (cluster.people.kubernetes !== undefined) output.say("use it:  keyreq kube -- kubectl …");
  const ends = formatTime(notAfter);
  output.document({ grant, authority, serial, subject, notAfter: ends, folder });
  return EXIT.ok;
}
