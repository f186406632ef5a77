import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { runOk } from "../harness/command.ts";
import type { BenchAuthority } from "./authority.ts";
import type { BareServerOptions } from "./bare-server.ts";
import { runLoad } from "./load/run-load.ts";

/**
 * OpenSSL's P-256 bound of one core, certificates a second: one signature checked and one made.
 *
 * @throws Error when `openssl speed` says something else than it does in OpenSSL 3.
 */
export async function measureCeiling(): Promise<number> {
  const text = await runOk("openssl", ["speed", "-mr", "-seconds", "2", "ecdsap256"]);
  const [, sign, verify] = /^\+F4:\d+:256:([\d.]+):([\d.]+)$/m.exec(text) ?? [];
  if (sign === undefined || verify === undefined) throw new Error(`openssl speed said: ${text}`);
  return 1 / (1 / Number(sign) + 1 / Number(verify));
}

const Address = Type.Object({ port: Type.Integer() });

/** New mutual-TLS connections a second to a bare `node:https` server, each with one small request. */
export async function measureHandshakes(
  authority: BenchAuthority,
  time: { readonly seconds: number; readonly warmSeconds: number; readonly connections: number },
): Promise<number> {
  const child = fork(join(import.meta.dirname, "bare-server.ts"));
  try {
    child.send(bareServerOptions(authority));
    const [message] = await once(child, "message");
    const { port } = Value.Parse(Address, message);
    const { host, anchor, clients } = authority;
    const request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const plan = { host, port, anchor, clients, requests: [request], connection: "new" } as const;
    const { rate, failure } = await runLoad({ ...plan, ...time }, () => []);
    if (failure !== undefined) throw new Error(`bare handshakes: ${failure}`);
    return rate;
  } finally {
    child.disconnect();
  }
}

/** keyserver's own key and certificate, so that both servers prove themselves at the same cost. */
function bareServerOptions({ cluster, anchor }: BenchAuthority): BareServerOptions {
  const read = (name: string): string =>
    readFileSync(join(cluster.root, "var/lib/keysystem/tls", name), "utf8");
  return { key: read("server.key"), certificate: read("server.crt") + anchor, anchor };
}
