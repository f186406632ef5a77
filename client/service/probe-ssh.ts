import { spawn } from "node:child_process";
import { splitServer } from "../connection/transport.ts";
import type { Served } from "./probe.ts";

const TIMEOUT = 5;

/** Takes the host certificates of an SSH service, as ssh-keyscan(1) sees them. */
export async function probeSsh(address: string): Promise<Served> {
  const { host, port } = splitServer(address);
  const text = await run("ssh-keyscan", ["-c", "-T", `${TIMEOUT}`, "-p", `${port}`, "--", host]);
  const certificates = [...text.output.matchAll(CERTIFICATE)].map(([, blob = ""]) =>
    Buffer.from(blob, "base64"),
  );
  if (certificates.length > 0) return { state: "served", certificates };
  const isSilent = text.error !== undefined || !text.said.includes("SSH-2.0");
  const why = text.error ?? (isSilent ? "nobody answers" : "only bare host keys are served");
  return { state: isSilent ? "silent" : "broken", why };
}

const CERTIFICATE = /^(?:\S+ )?\S+-cert-v01@openssh\.com ([A-Za-z0-9+/]+={0,2})/gm;

type Ran = { readonly output: string; readonly said: string; readonly error?: string };

function run(program: string, args: readonly string[]): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  let output = "";
  let said = "";
  const child = spawn(program, args, {
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 2 * TIMEOUT * 1000,
    killSignal: "SIGKILL",
  });
  child.stdout.on("data", (part) => (output += String(part)));
  child.stderr.on("data", (part) => (said += String(part)));
  child.once("error", () => resolve({ output, said, error: `${program} is not installed` }));
  child.once("close", () => resolve({ output, said }));
  return promise;
}
