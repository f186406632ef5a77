import { readFileSync } from "node:fs";
import { EXIT } from "../../protocol/exit-codes.ts";
import type { Grants } from "../../protocol/messages.ts";
import { formatDuration } from "../terminal/duration.ts";
import { codeOfError, Failure } from "../terminal/failure.ts";
import { agentSocket } from "./agent/agent.ts";
import { openAgent } from "./agent/agent-connection.ts";
import { isFarApart, sayClock } from "./session/clock-difference.ts";
import type { Cluster } from "./session/cluster.ts";
import type { RequestDeps } from "./deps.ts";
import { nameOf } from "./session/people-words.ts";
import type { Session } from "./session/session.ts";
import { isUndecided } from "./session/denial.ts";
import { readTicket } from "./proof/ticket.ts";

/** What one look found. */
export type Finding =
  | { readonly state: "ok" | "skipped"; readonly text: string }
  | { readonly state: "problem" | "warning"; readonly text: string; readonly fix: string };

/** The clocks, to the second. */
export function checkClocks(session: Session): Finding {
  const text = `this machine's is ${sayClock(session)}`;
  if (session.ahead === undefined) return { state: "skipped", text: "the server does not say" };
  if (isFarApart(session)) {
    return { state: "problem", text, fix: "chronyc tracking      set:  chronyc makestep" };
  }
  return { state: "ok", text: Math.abs(session.ahead) < 1000 ? "less than 1 s apart" : text };
}

/** The ticket at hand, without asking a KDC. */
export async function checkTicket({ how, environment, now }: RequestDeps): Promise<Finding> {
  if (how.kind === "password") return { state: "skipped", text: "a password is used (--ldap)" };
  const ticket = await readTicket(environment);
  if (ticket === undefined) return { state: "problem", text: "there is none", fix: "kinit" };
  const { principal, expires } = ticket;
  if (expires === undefined) return { state: "ok", text: principal };
  const left = formatDuration((expires - now()) / 1000);
  return expires > now()
    ? { state: "ok", text: `${principal}, ${left} left` }
    : { state: "problem", text: `of ${principal} expired ${left} ago`, fix: `kinit ${principal}` };
}

/** Whom the server takes the person for. */
export const checkIdentity = ({ subject, grants }: Grants): Finding => ({
  state: "ok",
  text: `${nameOf(subject)}, ${grants.length} grant${grants.length === 1 ? "" : "s"}`,
});

/** The directories that the server asked about the person: a silent one is a problem where a grant waits for it. */
export function checkDirectories({ directories = [], refused }: Grants): Finding {
  const silent = directories.filter(({ state }) => state === "unreachable");
  const [first] = silent;
  if (first === undefined) {
    const asked = directories.filter(({ state }) => state !== "not configured");
    const names = asked.map(({ directory }) => directory).join(", ");
    return names === ""
      ? { state: "skipped", text: "none is asked" }
      : { state: "ok", text: names };
  }
  const waiting = refused.filter(isUndecided).map(({ grant }) => grant);
  const text = `${first.directory} does not answer: ${first.detail ?? "it is silent"}`;
  const fix = "what you hold goes on working; on the master:  keyserver status";
  return waiting.length === 0
    ? { state: "warning", text, fix }
    : { state: "problem", text: `${text}; nobody can decide ${waiting.join(", ")}`, fix };
}

/** The SSH agent, which is not needed: without it keys are kept in files. */
export async function checkAgent(deps: RequestDeps): Promise<Finding> {
  const socket = agentSocket(deps);
  const fix = 'eval "$(ssh-agent)"      without one, keys are kept in files';
  if (socket === undefined) return { state: "warning", text: "SSH_AUTH_SOCK is not set", fix };
  try {
    (await openAgent(socket)).close();
    return { state: "ok", text: socket };
  } catch {
    return { state: "warning", text: `${socket} does not answer`, fix };
  }
}

/** Whether ssh reads what keyreq keeps for it. */
export function checkSshConfig({ places }: RequestDeps, cluster: Cluster): Finding {
  const { sshConfig, sshInclude } = places;
  const isIncluded = readText(sshConfig)?.includes(sshInclude) === true;
  if (isIncluded && readText(sshInclude)?.includes(cluster.name) === true) {
    return { state: "ok", text: sshConfig };
  }
  return {
    state: "warning",
    text: `${sshConfig} does not lead to keyreq`,
    fix: setupAgain(cluster),
  };
}

/** Whether kubectl asks keyreq for its certificate. */
export function checkKubeConfig({ places }: RequestDeps, cluster: Cluster): Finding {
  if (cluster.people.kubernetes === undefined) {
    return { state: "skipped", text: "the cluster names no Kubernetes API" };
  }
  const { kubeConfig } = places;
  if (readText(kubeConfig)?.includes("--exec-credential") === true) {
    return { state: "ok", text: kubeConfig };
  }
  const text = `${kubeConfig} does not lead to keyreq`;
  return { state: "warning", text, fix: setupAgain(cluster) };
}

const setupAgain = ({ servers, pin }: Cluster): string => `keyreq setup ${servers[0]} --pin ${pin}`;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOfError(error) === undefined) throw error;
    return undefined;
  }
}

/** What a failed look means: its message, and the first way out. */
export function findingOf(error: unknown): Finding {
  if (!(error instanceof Failure) || error.exit === EXIT.unexpected) throw error;
  return { state: "problem", text: error.message, fix: error.hints[0] ?? "keyreq --help" };
}
