import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS } from "../../../protocol/paths.ts";
import { createFactFinder } from "../../../server/directory/facts.ts";
import { createLdapDirectory } from "../../../server/directory/ldap-directory.ts";
import { ldapConfig, type PeopleCluster, startPeopleCluster } from "../../harness/people.ts";
import { makeSshKey } from "../../harness/people-requests.ts";
import { cpuSeconds, listDescendants } from "../../harness/process-table.ts";
import { startSlapd } from "../../harness/slapd.ts";
import { startSpnegoClient } from "../../harness/spnego.ts";
import { askHttps, keptConnection } from "../../harness/test-node.ts";
import type { Figure, Measure } from "../measure.ts";

/** Requests of one person under way at once, each over a kept connection. */
const CONNECTIONS = 8;
/** Tokens made beforehand for each timed second; a client's work is not what is measured. */
const TOKENS_A_SECOND = 2500;

/** `people.login`: SPNEGO and an SSH certificate for each request; facts from memory. */
export const peopleLogin: Measure = {
  names: ["people.login"],
  async run({ seconds, warmSeconds }) {
    await using people = await startPeopleCluster();
    const tokens = await makeTokens(people, (seconds + warmSeconds) * TOKENS_A_SECOND);
    await logIn(people, tokens, warmSeconds);
    const { pid } = people.cluster.current();
    const cpu = (): number =>
      [pid, ...listDescendants(pid)].reduce((sum, each) => sum + cpuSeconds(each), 0);
    const [servers, own] = [cpu(), process.cpuUsage()];
    const { count, elapsed } = await logIn(people, tokens, seconds);
    const { user, system } = process.cpuUsage(own);
    const each = (used: number): string => ((used * 1000) / count).toFixed(2);
    const bound = `CPU a login: ${each(cpu() - servers)} ms servers, ${each((user + system) / 1e6)} ms load`;
    return {
      "people.login": {
        value: count / elapsed,
        unit: "logins/s",
        detail: `${CONNECTIONS} kept connections of one person; ${bound}`,
      },
    };
  },
};

async function makeTokens(people: PeopleCluster, count: number): Promise<string[]> {
  const { environment } = await people.person("alice@EXAMPLE.EDU");
  await using client = startSpnegoClient(environment);
  const tokens: string[] = [];
  while (tokens.length < count) tokens.push(await client.token("HTTP@localhost"));
  return tokens;
}

/** Logs in until the time is over or the tokens are used up. @throws Error for a login without a certificate */
async function logIn(
  { cluster }: PeopleCluster,
  tokens: string[],
  seconds: number,
): Promise<{ readonly count: number; readonly elapsed: number }> {
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const body = { requests: [{ grant: "ssh-login", publicKey: makeSshKey() }] };
  const logInOften = async (): Promise<number> => {
    const agent = keptConnection();
    let count = 0;
    for (; elapsed() < seconds; count += 1) {
      const token = tokens.pop();
      if (token === undefined) break;
      const headers = { authorization: `Negotiate ${token}` };
      const answer = await askHttps(cluster, PATHS.certificates, { agent, headers, body });
      if (!answer.body.includes('"certificate":')) throw new Error(`people.login: ${answer.body}`);
    }
    agent.destroy();
    return count;
  };
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, logInOften));
  return { count: counts.reduce((sum, count) => sum + count, 0), elapsed: elapsed() };
}

/** `people.facts.*`: what slapd says of a person, asked over LDAPS, and from memory. */
export const peopleFacts: Measure = {
  names: ["people.facts.cold", "people.facts.warm"],
  async run({ seconds }) {
    const folder = mkdtempSync(join(tmpdir(), "facts-"));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
    const slapd = cleanup.use(await startSlapd({ folder: join(folder, "slapd") }));
    const directory = createLdapDirectory(ldapConfig(slapd), { warn: () => undefined });
    cleanup.defer(() => directory.close());
    const now = (): number => Date.now() / 1000;
    const find = createFactFinder({ directory, now });
    const detail = `${CONNECTIONS} questions at once`;
    // A finder of its own remembers nothing.
    const cold = await countAnswers(seconds, () => createFactFinder({ directory, now }));
    const warm = await countAnswers(seconds, () => find);
    const figure = (value: number): Figure => ({ value, unit: "people/s", detail });
    return { "people.facts.cold": figure(cold), "people.facts.warm": figure(warm) };
  },
};

/** Answers a second. @throws Error for one that is none */
async function countAnswers(
  seconds: number,
  finderOf: () => ReturnType<typeof createFactFinder>,
): Promise<number> {
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const askOften = async (): Promise<number> => {
    let count = 0;
    for (; elapsed() < seconds; count += 1) {
      const name = { kind: "user", user: "bob" } as const;
      const { state } = await finderOf()(name, { maxAge: 300, useLast: 0 });
      if (state !== "answered") throw new Error(`people.facts: ${state}`);
      // From memory nothing waits, and the clock would stand still for the others.
      if (count % 1000 === 0) await new Promise(setImmediate);
    }
    return count;
  };
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, askOften));
  return counts.reduce((sum, count) => sum + count, 0) / elapsed();
}
