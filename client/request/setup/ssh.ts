import { quotePath } from "../ssh/words.ts";

// ~/.ssh/config is edited as bytes, since it may be in any encoding: latin1 gives each byte a character.

const MARK = "# keysystem: added by keyreq setup; keyreq forget --setup takes it away";
const BLOCK = "Match all";

/** The lines for `~/.ssh/config`, without ends. `include` is an absolute path. @throws Failure */
export const sshConfigLines = (include: string): readonly string[] => [
  MARK,
  BLOCK,
  `    Include ${quotePath(include)}`,
];

/**
 * `~/.ssh/config` with our lines at its end: there the person's own HostName and User are known,
 * and his settings go before ours. The same bytes where they are in it already.
 *
 * @throws Failure for a path that the file cannot hold.
 */
export function addSshConfig(content: Buffer, include: string): Buffer {
  const text = content.toString("latin1");
  if (includes(text, include)) return content;
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : end;
  const lines = sshConfigLines(include).map((line) => `${encode(line)}${end}`);
  return Buffer.from(`${text}${gap}${lines.join("")}`, "latin1");
}

/** Cuts our lines out, wherever they are; the same bytes where there are none. */
export function cutSshConfig(content: Buffer, include: string): Buffer {
  const lines = content.toString("latin1").match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const [mark = "", block = "", ours = ""] = sshConfigLines(include).map(encode);
  const isAt = (at: number, wanted: string): boolean => lines[at]?.trim() === wanted.trim();
  const kept = lines.filter((_, at) => {
    const isMark = isAt(at, mark) && isAt(at + 1, block) && isAt(at + 2, ours);
    const isBlock = isAt(at - 1, mark) && isAt(at, block) && isAt(at + 1, ours);
    return !isMark && !isBlock && !isAt(at, ours);
  });
  return Buffer.from(kept.join(""), "latin1");
}

/** Whether some line includes our file, however it is indented. */
function includes(text: string, include: string): boolean {
  const wanted = encode(sshConfigLines(include)[2] ?? "").trim();
  return text.split("\n").some((line) => line.trim() === wanted);
}

/** UTF-8 with a character for each byte. */
const encode = (text: string): string => Buffer.from(text).toString("latin1");

/** What `ssh_config` has of one cluster. */
export type SshConfigCluster = {
  readonly name: string;
  readonly domain: string;
  readonly knownHosts: string;
  readonly sshIdentities: string;
};

/**
 * The file that `~/.ssh/config` includes. `Match host` goes by the name after `HostName`, unlike
 * `Host`. A login with a quote in it is kept from the shell that runs `exec`, also by versions of
 * ssh that take one.
 *
 * @throws Failure for paths that the file cannot hold.
 */
export function formatSshConfig(
  clusters: readonly SshConfigCluster[],
  { front, data }: { readonly front: string; readonly data: string },
): string {
  const blocks = clusters.flatMap(({ name, domain, knownHosts, sshIdentities }) => [
    `Match host *.${domain}`,
    `    UserKnownHostsFile ~/.ssh/known_hosts ~/.ssh/known_hosts2 ${quotePath(knownHosts)}`,
    `Match host *.${domain} user "!*'*,*" exec "'${bare(front)}' ${name} '%r' '${bare(data)}'"`,
    `    Include ${quotePath(sshIdentities)}`,
  ]);
  return `${["# Written by keyreq setup.", ...blocks].join("\n")}\n`;
}

const bare = (path: string): string => quotePath(path).slice(1, -1);
