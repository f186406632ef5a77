import { chmodSync, chownSync, rmSync } from "node:fs";
import { OperatorError } from "../config/operator-error.ts";
import { isAnswering } from "../config/socket.ts";
import { makeFolder } from "../config/make-folder.ts";
import type { Endpoint } from "../config/endpoint.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { App } from "../routes/app.ts";

/** The kernel's limit for the path of a Unix socket (unix(7)): 108 bytes with the final NUL. */
const LONGEST_SOCKET_PATH = 107;

/** Connections that the kernel holds for us while we are busy. */
const BACKLOG = 1024;

/** fastify takes every server that it did not make for one of plain HTTP. */
const sayListening = (address: string): string =>
  `listening on ${address.replace("http:", "https:")}`;

/** Who owns the folder of the sockets: keyserver, and by its group the signer, which makes its socket there too. */
export type RunFolderOwners = { readonly uid: number; readonly gid: number };

/** Makes the folder of the sockets: only root and `owners` may look into it. */
export function prepareRunFolder(
  { runFolder, signerSocket }: Pick<ServerPaths, "runFolder" | "signerSocket">,
  owners?: RunFolderOwners,
): void {
  if (Buffer.byteLength(signerSocket) > LONGEST_SOCKET_PATH) {
    throw new OperatorError(
      `${signerSocket} is longer than the ${LONGEST_SOCKET_PATH} bytes of a Unix socket`,
      {
        hint: "use a shorter --root",
      },
    );
  }
  makeFolder(runFolder);
  chmodSync(runFolder, owners === undefined ? 0o700 : 0o770);
  if (owners !== undefined) chownSync(runFolder, owners.uid, owners.gid);
}

/** @throws OperatorError when the port is in use, or may not be opened */
export async function listenHttps(app: App, { host, port }: Endpoint): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG, listenTextResolver: sayListening });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EADDRINUSE") {
      throw new OperatorError(`port ${port} of ${host} is in use`, {
        hint: `find out by whom: ss -ltnp 'sport = :${port}'; or change listen: in server.yaml`,
        cause,
      });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError(`cannot listen on ${host} port ${port}: ${why}`, {
      hint: "check listen: in server.yaml against: ip address",
      cause,
    });
  }
}

/** Takes the connections of the admin socket that systemd made, which stays when we end. */
export async function listenPassed(app: App, descriptor: number): Promise<void> {
  const { server } = app;
  // fastify closes only what it told to listen, and it knows no descriptors.
  app.addHook("onClose", () => new Promise<void>((resolve) => server.close(() => resolve())));
  await app.ready();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd: descriptor, backlog: BACKLOG }, resolve);
  });
  app.log.info("listening on the admin socket that systemd passed");
}

/** @throws OperatorError when another keyserver answers there */
export async function listenAdmin(app: App, socketPath: string): Promise<void> {
  if (await isAnswering(socketPath)) {
    throw new OperatorError(`another keyserver answers on ${socketPath}`, {
      hint: "see it: keyserver status",
    });
  }
  rmSync(socketPath, { force: true });
  const mask = process.umask(0o177);
  try {
    await app.listen({ path: socketPath, listenTextResolver: sayListening });
  } finally {
    process.umask(mask);
  }
}
