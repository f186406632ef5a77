import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatOutcome, startCluster, type Cluster } from "../harness/cluster.ts";
import type { Outcome } from "../harness/command.ts";
import { traceCalls } from "../harness/fault.ts";
import { KEYCLIENT } from "./client-kills.ts";
import { canRun } from "./installed-programs.ts";
import { PAIRS } from "./node-disk.ts";
import { CONSUMER_POLICY } from "./policy.ts";

const CALLS = ["execve", "openat", "fchmod", "write", "chmod", "rename", "mkdir"];

let cluster: Cluster;

/** A command of keyclient as a careless shell starts it, with the calls that it made. */
async function traceOpenly(args: readonly string[]) {
  const openly = ["sh", "-c", 'umask 000; exec "$@"', "sh", KEYCLIENT];
  const command = [...openly, ...args, "--root", cluster.nodeRoot("m1")];
  const { outcome, lines } = await traceCalls(CALLS, command, { timeout: 60, whole: true });
  expect(outcome.code, formatOutcome(outcome)).toBe(0);
  return { outcome, lines };
}

const isMaking = (line: string): boolean => line.startsWith("openat(") && line.includes("O_CREAT");

/** Made files that are not 0600 from the first moment, or that a link could stand in for. */
const madeOpenly = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => isMaking(line) && !/O_CREAT\|.*, 0600\)\s+= \d+$/.test(line));

/** keyclient's own folder, where promised renewals wait with their keys, when others may enter it. */
const madeFolders = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => /^mkdir\(".*\/keyclient",/.test(line) && !/, 0700\)\s+= 0$/.test(line));

/** For each write of a private key: the modes that its file had been given before. */
function modesAtKeyWrites(lines: readonly string[]): readonly string[] {
  const modes = new Map<string, string>();
  const found: string[] = [];
  for (const line of lines) {
    const [, made, descriptor = ""] = /O_CREAT.*, (0\d+)\)\s+= (\d+)$/.exec(line) ?? [];
    const [, changed = "", mode] = /^fchmod\((\d+), (0\d+)\)\s+= 0$/.exec(line) ?? [];
    const [, written = ""] = /^write\((\d+), "-----BEGIN (?:OPENSSH )?PRIVATE KEY/.exec(line) ?? [];
    if (made !== undefined) modes.set(descriptor, made);
    if (mode !== undefined) modes.set(changed, `${modes.get(changed)} ${mode}`);
    if (written !== "") found.push(modes.get(written) ?? "unknown");
  }
  return found;
}

/** What only somebody with the keys can know: the ends of their files, which no other key shares. */
const secrets = (): readonly string[] =>
  PAIRS.map(({ key }) => {
    const text = readFileSync(join(cluster.nodeRoot("m1"), key), "utf8");
    const body = text.split("\n").filter((line) => !line.startsWith("-----"));
    return body.join("").replace(/=+$/, "").slice(-40);
  });

/** Everything that was said or handed to a program. */
const spoken = ({ stdout, stderr }: Outcome, lines: readonly string[]): string =>
  [
    stdout,
    stderr,
    ...lines.filter((line) => line.startsWith("execve(")),
    ...["keyserver.log"].map((name) => readFileSync(join(cluster.folder, name), "utf8")),
  ].join("\n");

describe.skipIf(!canRun(["strace"]))("21: private keys", () => {
  beforeAll(async () => {
    cluster = await startCluster({
      policy: CONSUMER_POLICY,
      cluster: "hyades",
      domain: "hyades.test",
    });
  });
  afterAll(() => cluster?.dispose());

  test.for(["join", "renew"])(
    "%s: files are closed before their first byte, keys stay unsaid",
    async (command) => {
      const args = command === "join" ? ["join", await cluster.admit("m1")] : ["renew", "--all"];
      const { outcome, lines } = await traceOpenly(args);
      expect(lines.filter(isMaking).length).toBeGreaterThan(PAIRS.length);
      expect(madeOpenly(lines)).toEqual([]);
      expect(madeFolders(lines)).toEqual([]);
      const modes = modesAtKeyWrites(lines);
      // The host key is kept at a renewal, every other key is new.
      expect(modes.length).toBeGreaterThanOrEqual(
        command === "join" ? PAIRS.length : PAIRS.length - 1,
      );
      expect(new Set(modes)).toEqual(new Set(["0600 0600"]));
      const said = spoken(outcome, lines);
      expect(said).toContain("execve(");
      for (const secret of secrets()) {
        expect(secret).toHaveLength(40);
        expect(said).not.toContain(secret);
      }
    },
  );
});
