import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseConfig } from "../../protocol/config-file.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { OperatorError } from "./operator-error.ts";
import type { ServerPaths } from "./paths.ts";
import { ServerConfig } from "./server-config.ts";

/** server.yaml, with `listen` in its parts. */
export type ReadConfig = ServerConfig & { readonly endpoint: Endpoint };

/** Reads server.yaml. @throws OperatorError, or ConfigError with the place of what is wrong */
export function readServerConfig({ serverYaml, root }: ServerPaths): ReadConfig {
  const config = parseConfig(ServerConfig, readText(serverYaml, root), serverYaml);
  const endpoint = parseEndpoint(config.listen);
  const wrong = [config.listen, ...config.advertise].find(
    (text) => parseEndpoint(text) === undefined,
  );
  if (endpoint === undefined || wrong !== undefined) {
    throw new OperatorError(`${serverYaml}: ${JSON.stringify(wrong)} is not ADDRESS:PORT`, {
      hint: "write it as 10.18.60.11:20557, [2001:db8::1]:20557 or m1.example.edu:20557",
      exitCode: EXIT.usage,
    });
  }
  for (const text of config.metrics?.from ?? []) {
    if (isIP(text.split("/")[0] ?? "") !== 0) continue;
    throw new OperatorError(`${serverYaml}: metrics: ${JSON.stringify(text)} is no address`, {
      hint: "write addresses and networks as 10.18.60.11, 10.18.0.0/16 or 2001:db8::/64",
      exitCode: EXIT.usage,
    });
  }
  return { ...config, endpoint };
}

function readText(file: string, root: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const hint = missing
      ? `create the authority first: keyserver init${root === "/" ? "" : ` --root ${root}`}`
      : "run it as root or as user keyserver";
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError(missing ? `${file} does not exist` : why, {
      hint,
      exitCode: missing ? EXIT.usage : EXIT.unexpected,
      cause,
    });
  }
}
