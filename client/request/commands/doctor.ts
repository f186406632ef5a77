import { EXIT, type ExitCode } from "../../../protocol/exit-codes.ts";
import type { Output } from "../../terminal/output.ts";
import { findCluster, type Cluster } from "../session/cluster.ts";
import type { RequestDeps } from "../deps.ts";
import {
  checkAgent,
  checkClocks,
  checkDirectories,
  checkIdentity,
  checkKubeConfig,
  checkSshConfig,
  checkTicket,
  findingOf,
  type Finding,
} from "../doctor-checks.ts";
import { keptTrust, openSession, type Session } from "../session/session.ts";

type Check = { readonly name: string } & Finding;

/** `keyreq doctor` looks at one thing after the other and stops at the first cause; exit code 5 for a problem. */
export async function doctorCommand(deps: RequestDeps, output: Output): Promise<ExitCode> {
  const checks: Check[] = [];
  const look = async <T>(name: string, work: Work<T>): Promise<T | undefined> => {
    const { finding, found } = await attempt(work);
    checks.push({ name, ...finding });
    sayCheck(output, { name, ...finding });
    return finding.state === "problem" ? undefined : found;
  };
  await examine(deps, look);
  const count = (state: Finding["state"]) => checks.filter((each) => each.state === state).length;
  const problems = count("problem");
  output.say(`${say(problems, "problem")}, ${say(count("warning"), "warning")}`);
  output.document({ healthy: problems === 0, checks });
  return problems === 0 ? EXIT.ok : EXIT.unhealthy;
}

type Work<T> = () => Promise<{ readonly finding: Finding; readonly found: T }>;

async function attempt<T>(
  work: Work<T>,
): Promise<{ readonly finding: Finding; readonly found: T | undefined }> {
  try {
    return await work();
  } catch (error) {
    return { finding: findingOf(error), found: undefined };
  }
}

type Look = <T>(name: string, work: Work<T>) => Promise<T | undefined>;

async function examine(deps: RequestDeps, look: Look): Promise<void> {
  const cluster = await look("setup", () => Promise.resolve(findSetup(deps)));
  if (cluster === undefined) return;
  const session = await examineServer(deps, cluster, look);
  session?.close();
  await look("agent", async () => ({ finding: await checkAgent(deps), found: true }));
  const local = (finding: Finding) => () => Promise.resolve({ finding, found: true });
  await look("ssh config", local(checkSshConfig(deps, cluster)));
  await look("kubeconfig", local(checkKubeConfig(deps, cluster)));
}

function findSetup(deps: RequestDeps): { readonly finding: Finding; readonly found: Cluster } {
  const found = findCluster(deps);
  return { finding: { state: "ok", text: `${found.name} at ${found.servers.join(", ")}` }, found };
}

/** Each look needs the one before; what is behind a cause would only repeat it. */
async function examineServer(
  deps: RequestDeps,
  cluster: Cluster,
  look: Look,
): Promise<Session | undefined> {
  const trust = await look("trust", async () => {
    const { authorities } = await Promise.resolve(keptTrust(deps, cluster));
    return { finding: { state: "ok", text: `${authorities.length} authorities` }, found: true };
  });
  if (trust === undefined) return undefined;
  const session = await look("server", async () => {
    const found = await openSession(deps, cluster);
    return { finding: { state: "ok", text: `${found.server}, TLS checked` }, found };
  });
  if (session === undefined) return undefined;
  const steps = [
    { name: "clock", work: () => Promise.resolve(checkClocks(session)) },
    { name: "ticket", work: () => checkTicket(deps) },
  ];
  for (const { name, work } of steps) {
    const good = await look(name, async () => ({ finding: await work(), found: true }));
    if (good === undefined) return session;
  }
  const grants = await look("identity", async () => {
    const found = await session.grants();
    return { finding: checkIdentity(found), found };
  });
  if (grants !== undefined) {
    await look("directories", () =>
      Promise.resolve({ finding: checkDirectories(grants), found: true }),
    );
  }
  return session;
}

const MARKS = {
  ok: ["green", "✓"],
  problem: ["red", "✗"],
  warning: ["yellow", "!"],
  skipped: ["bold", "–"],
} as const;

function sayCheck(output: Output, check: Check): void {
  const [color, mark] = MARKS[check.state];
  output.say(` ${output.paint(color, mark)} ${check.name.padEnd(11)} ${check.text}`);
  if ("fix" in check) output.say(`   fix         ${check.fix}`);
}

const say = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
