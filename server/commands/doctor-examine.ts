import { readConfiguration } from "../../keys/signer/configuration.ts";
import { messageOf } from "../../keys/signer/signer-error.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import { checkPolicyFile, formatSummary } from "../config/policy-report.ts";
import { readServerConfig } from "../config/read-config.ts";
import type { Context } from "./context.ts";
import { checkFiles, checkSecrets, checkUsers, ownersOf } from "./doctor-files.ts";
import type { Finding } from "./doctor-finding.ts";
import { askMachine, checkClock, checkDisk, checkUnits } from "./doctor-machine.ts";
import { checkServer } from "./doctor-server.ts";

/** Looks at one part after the other, each as far as the others allow. Never rejects for what it finds. */
export async function examine(context: Context): Promise<readonly Finding[]> {
  const { paths } = context;
  const clock = checkClock(askMachine);
  const settings = attempt("settings", () => {
    const server = readServerConfig(paths);
    const signer = readConfiguration(paths.signerYaml);
    return { server, signer, owners: ownersOf(server, signer) };
  });
  // Without them nothing else means anything.
  if ("state" in settings) return [await clock, settings];
  const { server, signer, owners } = settings;
  const connected = { kerberos: server.kerberos !== undefined, ldap: server.ldap !== undefined };
  return [
    await clock,
    { name: "settings", state: "ok", text: `${paths.serverYaml} and signer.yaml` },
    checkUsers(owners),
    ...checkFiles({ paths, owners, seal: signer.seal }),
    ...checkSecrets(server, owners.server),
    checkDisk(paths),
    checkFile(context),
    ...(paths.root === "/" ? [await checkUnits(askMachine)] : []),
    ...(await examineServer(context, connected)),
    {
      name: "copies",
      state: "skipped",
      text: "nothing here tells whether a copy of the sealing secret and a backup lie elsewhere",
    },
  ];
}

/** The file that operators edit: what `policy check` says of it. */
function checkFile({ paths }: Context): Finding {
  const name = "policy file";
  const report = attempt(name, () => checkPolicyFile(paths.policy));
  if ("state" in report) return report;
  const text = formatSummary(report);
  if (report.passes) return { name, state: "ok", text };
  return { name, state: "problem", text, fix: `keyserver policy check ${paths.policy}` };
}

async function examineServer(
  { client, now }: Context,
  connected: Parameters<typeof checkServer>[1],
): Promise<readonly Finding[]> {
  try {
    return checkServer(await client.get("Status", ADMIN_PATHS.status), connected, now());
  } catch (error) {
    return [findingOf("server", error)];
  }
}

function attempt<T extends object>(name: string, work: () => T): T | Finding {
  try {
    return work();
  } catch (error) {
    return findingOf(name, error);
  }
}

function findingOf(name: string, error: unknown): Finding {
  const hint = error instanceof OperatorError ? error.hint : undefined;
  const fix = hint ?? "put that right, then run it again";
  return { name, state: "problem", text: messageOf(error), fix };
}
