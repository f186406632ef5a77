import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What stands in for systemd's side of sd_notify(3): a real datagram socket, which Node.js cannot make. */
export type Notified = Disposable & {
  /** `NOTIFY_SOCKET`. */
  readonly path: string;
  /** What was said so far: one message an entry, its lines joined by `|`. */
  readonly words: () => readonly string[];
};

const LISTENER = `
  use Socket; $| = 1;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($s, sockaddr_un($ARGV[0])) or die $!;
  print "listening\\n";
  while (defined recv($s, my $m, 65536, 0)) { chomp $m; $m =~ s/\\n/|/g; print "$m\\n" if length $m }
`;

/** Listens at `path` for what a daemon tells systemd. */
export async function listenAsSystemd(path: string): Promise<Notified> {
  const child = spawn("perl", ["-e", LISTENER, path], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(child.stdout, "data");
  return {
    path,
    // The barrier is systemd-notify's own.
    words: () => text.split("\n").filter((line) => !["", "listening", "BARRIER=1"].includes(line)),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

const LAUNCHER = `
  use Socket; use POSIX ();
  $^F = 3;
  my ($path, $names, @command) = @ARGV;
  socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!;
  bind($s, sockaddr_un($path)) or die $!; listen($s, 16) or die $!;
  POSIX::dup2(fileno($s), 3) // die $!;
  @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($ENV{WRONG_PID} // $$, 1, $names);
  exec @command or die $!;
`;

export type Activation = {
  /** Where the socket is made that the program gets. */
  readonly path: string;
  /** `FileDescriptorName=`. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts a program as systemd does that listens for it; the caller ends it. */
export const startActivated = (
  { path, name, env = {} }: Activation,
  command: readonly string[],
): ChildProcess =>
  spawn("perl", ["-e", LAUNCHER, path, name, ...command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
