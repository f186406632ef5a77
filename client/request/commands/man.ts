import type { Command } from "commander";
import type { ManSection } from "../../../protocol/command-line/man-page.ts";
import type { ExitCode } from "../../../protocol/exit-codes.ts";
import { readVersion } from "../../commands/version.ts";
import { printManPage } from "../../terminal/manual.ts";
import type { Output } from "../../terminal/output.ts";

/** `keyreq man`. */
export function manCommand(output: Output, program: Command): Promise<ExitCode> {
  const options = { section: 1, version: readVersion(), more: MORE } as const;
  return Promise.resolve(printManPage(output, program, options));
}

const MORE: readonly ManSection[] = [
  {
    title: "files",
    entries: [
      {
        term: "~/.local/share/keysystem",
        text: "a folder for each cluster, with its anchors and what is held",
      },
      { term: "~/.ssh/config", text: "setup adds one block that includes a file of that folder" },
      { term: "~/.kube/config", text: "setup adds one context for each cluster" },
    ],
  },
  {
    title: "environment",
    entries: [
      {
        term: "KEYREQ_REASON",
        text: "the reason for grants that want one, where --reason says none",
      },
      { term: "KRB5CCNAME", text: "where the Kerberos ticket is" },
      { term: "SSH_AUTH_SOCK", text: "the agent that takes SSH keys and certificates" },
      { term: "KUBECONFIG", text: "whose first file stands for ~/.kube/config" },
      { term: "KUBERNETES_EXEC_INFO", text: "what kubectl says to kube --exec-credential" },
      { term: "ETCDCTL_ENDPOINTS", text: "set, it goes before the members that the server names" },
      { term: "XDG_DATA_HOME", text: "set, it stands for ~/.local/share" },
      { term: "NO_COLOR", text: "set, nothing is coloured" },
    ],
  },
];
