import { documentedLines } from "./documented.ts";

/** Files of sshd that keyclient keeps. */
export const HOST_KEYS = {
  certificate: "/etc/ssh/ssh_host_ed25519_key-cert.pub",
} as const;

/** `/etc/ssh/sshd_config.d/keysystem.conf` as docs/operations.md has it. */
export const SSHD_LINES = `${documentedLines("operations.md", "**sshd.**").join("\n")}\n`;
