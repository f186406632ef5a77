import { execFile } from "node:child_process";
import type { Environment } from "../deps.ts";

const DEADLINE = 5000;
/** client.authentication.k8s.io/v1 came with 1.22. */
const FIRST = { major: 1, minor: 22 } as const;

/** The version of exec credentials that the kubectl on PATH takes; `v1` where there is none. */
export function findExecVersion(environment: Environment): Promise<"v1" | "v1beta1"> {
  const { promise, resolve } = Promise.withResolvers<"v1" | "v1beta1">();
  // Some ask the server all the same, and would get a certificate to do it with; without its configuration none can.
  const options = { env: { ...environment, KUBECONFIG: "/dev/null" }, timeout: DEADLINE };
  // Its exit code says nothing.
  execFile("kubectl", ["version", "--client", "-o", "json"], options, (_error, stdout) =>
    resolve(execVersionOf(stdout)),
  );
  return promise;
}

/** From what `kubectl version --client -o json` prints. */
export function execVersionOf(text: string): "v1" | "v1beta1" {
  const [, major, minor] = /"gitVersion":\s*"v(\d+)\.(\d+)\./.exec(text) ?? [];
  if (major === undefined || minor === undefined) return "v1";
  const isOlder =
    Number(major) < FIRST.major || (Number(major) === FIRST.major && Number(minor) < FIRST.minor);
  return isOlder ? "v1beta1" : "v1";
}
