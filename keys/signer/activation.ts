import { SignerError } from "./signer-error.ts";

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const FIRST = 3;

/** Variables by which systemd says what it passed, and to whom. */
export type ActivationEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The descriptor of the listening socket `name` (`FileDescriptorName=`) that systemd passed to the process `pid`;
 * undefined when it passed none, or passed them to another process, whose environment this one inherited.
 *
 * @throws SignerError `socket.busy` when it passed sockets and none, or more than one, is called `name`.
 */
export function findPassedSocket(
  name: string,
  { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES }: ActivationEnvironment,
  pid: number,
): number | undefined {
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined) return undefined;
  const count = /^[1-9]\d{0,3}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
  const names = (LISTEN_FDNAMES ?? "").split(":");
  if (count > 0 && names.length === count && names.filter((each) => each === name).length === 1) {
    return FIRST + names.indexOf(name);
  }
  const passed = `systemd passed ${LISTEN_FDS} sockets named ${JSON.stringify(LISTEN_FDNAMES ?? "")}`;
  throw new SignerError(
    "socket.busy",
    `${passed}; exactly one must be ${name}: FileDescriptorName=${name} in its socket unit`,
  );
}
