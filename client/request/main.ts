import { userInfo } from "node:os";
import { resolve } from "node:path";
import { createTransport } from "../connection/transport.ts";
import { createOutput, type Output, type OutputOptions } from "../terminal/output.ts";
import { ignoreClosedPipe, reportError } from "../terminal/report.ts";
import type { How, RequestDeps } from "./deps.ts";
import { negotiate } from "./proof/negotiate.ts";
import { placesOf, type Places } from "./places.ts";
import { runProgram, type GlobalFlags } from "./program.ts";
import { createTerminal } from "./terminal-prompt.ts";

/** Runs keyreq with these arguments and gives its exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  const early = { quiet: false, verbose: false, color: false, program: "keyreq" };
  let output = speak({ ...early, json: args.includes("--json") });
  try {
    const words = args.length === 0 ? ["help"] : args;
    return await runProgram(words, {
      stdout: (text) => process.stdout.write(text),
      open: (flags) => {
        output = speak(optionsOf(flags));
        return { deps: dependenciesOf(flags), output };
      },
    });
  } catch (error) {
    return reportError(output, error, {
      permission: "ls -la ~/.local/share/keysystem ~/.ssh ~/.kube",
      other: "find out more:  keyreq doctor",
    });
  }
}

const speak = (options: OutputOptions): Output =>
  createOutput(options, { stdout: process.stdout, stderr: process.stderr });

const optionsOf = ({ json, quiet, verbose, color }: GlobalFlags): OutputOptions => ({
  json: json === true,
  quiet: quiet === true,
  verbose: verbose === true,
  color: color && process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  program: "keyreq",
});

function dependenciesOf(flags: GlobalFlags): RequestDeps {
  const { username, homedir, uid } = userInfo();
  const environment = process.env;
  return {
    places: placesFor(environment["HOME"] ?? homedir, flags),
    now: () => Date.now(),
    environment,
    terminal: createTerminal(),
    readStdin,
    user: username,
    uid,
    connect: createTransport,
    negotiate,
    ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
    how: howOf(flags, username),
  };
}

function placesFor(home: string, { config }: GlobalFlags): Places {
  const places = placesOf(home, process.env);
  if (config === undefined) return places;
  const data = resolve(config);
  return { ...places, data, sshInclude: resolve(data, "ssh_config") };
}

function howOf({ ldap, passwordStdin }: GlobalFlags, username: string): How {
  if (ldap === undefined && passwordStdin !== true) return { kind: "kerberos" };
  const user = typeof ldap === "string" ? ldap : username;
  return { kind: "password", user, from: passwordStdin === true ? "stdin" : "terminal" };
}

async function readStdin(): Promise<string> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) text += String(part);
  return text;
}
