import type { ManSection } from "../../protocol/command-line/man-page.ts";
import type { ReadableCommand } from "../../protocol/command-line/description.ts";
import type { ExitCode } from "../../protocol/exit-codes.ts";
import { printManPage } from "../terminal/manual.ts";
import type { Output } from "../terminal/output.ts";
import { readVersion } from "./version.ts";

/** `keyclient man`. */
export function manCommand(output: Output, program: ReadableCommand): ExitCode {
  const options = { section: 8, version: readVersion(), more: MORE } as const;
  return printManPage(output, program, options);
}

const MORE: readonly ManSection[] = [
  {
    title: "files",
    entries: [
      { term: "/etc/keysystem/client.yaml", text: "the cluster, its servers and this node's name" },
      { term: "/etc/keysystem/recipes.d", text: "where credentials go, and what is reloaded" },
      { term: "/var/lib/keyclient", text: "the node's identity, and earlier generations" },
    ],
  },
];
