import { resolve } from "node:path";
import type { Command } from "commander";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import { serverPaths, type ServerPaths } from "../config/paths.ts";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** Options that every command takes. */
export type GlobalOptions = {
  readonly root: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
};

/** What a command works with. */
export type Context = {
  readonly paths: ServerPaths;
  readonly terminal: Terminal;
  readonly client: AdminClient;
  readonly options: GlobalOptions;
  /** Seconds since 1970. */
  readonly now: () => number;
};

/** Gives a command its context; `now` comes from the main program. */
export type WithContext = (command: Command) => Context;

/** Reads the global options of the program that `command` belongs to. */
export const createContexts =
  (now: () => number): WithContext =>
  (command) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    if (options.root === "") {
      throw new OperatorError("--root is empty", {
        hint: "give a folder, as --root /srv/trial, or leave it out for /",
        exitCode: EXIT.usage,
      });
    }
    const paths = serverPaths(resolve(options.root));
    return {
      paths,
      options,
      now,
      terminal: createTerminal(options),
      client: createAdminClient(paths),
    };
  };
