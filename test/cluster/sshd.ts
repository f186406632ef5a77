import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";

/** Files of sshd that keyclient keeps. */
export const HOST_KEYS = {
  certificate: "/etc/ssh/ssh_host_ed25519_key-cert.pub",
} as const;

/** `/etc/ssh/sshd_config.d/keysystem.conf` as docs/operations.md has it. */
export const SSHD_LINES = readSshdLines();

function readSshdLines(): string {
  const text = readFileSync(join(CHECKOUT, "docs/operations.md"), "utf8");
  const [, block = ""] = /^\*\*sshd\.\*\*.*\n\n((?: {4}.*\n)+)/m.exec(text) ?? [];
  if (block === "") throw new Error("docs/operations.md has no lines for sshd");
  return block.replaceAll(/^ {4}/gm, "");
}
