import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../../protocol/paths.ts";
import { startAuthority, type BenchAuthority } from "../authority.ts";
import { createTlsBatches, type Batches } from "../requests.ts";
import { runPeerLoad, type LoadLine, type PeerTools } from "./tools.ts";

/** What our authority did, driven by the peer's load generator; requests a second, not certificates. */
export type OurResult = {
  readonly kept8: LoadLine;
  readonly storm8: LoadLine;
  readonly storm1: LoadLine;
};

/** Runs a fresh authority and loads it as the peer is loaded. */
export async function measureOurs(
  tools: PeerTools,
  time: { readonly seconds: number; readonly warmSeconds: number },
): Promise<OurResult> {
  // The load generator speaks from one address, so the policy binds no node to its own.
  await using authority = await startAuthority(false);
  const server = serverArguments(authority);
  const eights = writeRequests(authority, "eights", createTlsBatches(8));
  const ones = writeRequests(authority, "ones", createTlsBatches(1));
  const measure = (requests: string, connection: "keep" | "new"): Promise<LoadLine> => {
    const load = ["-mode", "http", "-reuse", "-requests", requests, "-conn", connection];
    return runPeerLoad(tools, [...load, ...server], time);
  };
  return {
    kept8: await measure(eights, "keep"),
    storm8: await measure(eights, "new"),
    storm1: await measure(ones, "new"),
  };
}

function serverArguments(authority: BenchAuthority): readonly string[] {
  const { cluster, host, port, anchor, clients, pids } = authority;
  const folder = join(cluster.folder, "clients");
  mkdirSync(folder);
  clients.forEach(({ certificate, key }, index) => {
    writeFileSync(join(folder, `${index}.crt`), certificate);
    writeFileSync(join(folder, `${index}.key`), key, { mode: 0o600 });
  });
  const ca = join(cluster.folder, "anchor.crt");
  writeFileSync(ca, anchor);
  const [pid, ...others] = pids();
  const processes = ["-pid", `${pid ?? 0}`, "-pids", others.join(",")];
  return ["-addr", `${host}:${port}`, "-host", host, "-ca", ca, "-certs", folder, ...processes];
}

function writeRequests({ cluster }: BenchAuthority, name: string, batches: Batches): string {
  const file = join(cluster.folder, `${name}.ndjson`);
  const headers = { "Content-Type": "application/json" };
  const lines = batches.map((body) =>
    JSON.stringify({ method: "POST", path: PATHS.certificates, headers, body, status: 200 }),
  );
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
