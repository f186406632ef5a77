import { hostname } from "node:os";
import { EXIT } from "../../protocol/exit-codes.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { SetupFile } from "../config/setup-file.ts";
import type { KnownAnswers } from "./questions.ts";

/**
 * What a `setup.yaml` answers of the questions of `init`: domain and address are settled by it; this
 * machine is the one that it names, or else the supervisor, where Homeworld had its keyserver.
 */
export function importAnswers({ setup, usualCluster }: SetupFile): KnownAnswers {
  const { machines } = setup;
  const host = hostname().toLowerCase().split(".", 1)[0];
  const here =
    machines.find(({ name }) => name === host) ??
    machines.find(({ kind }) => kind === "supervisor") ??
    machines[0];
  const addressOf = (node: string): string => {
    const machine = machines.find(({ name }) => name === node);
    if (machine !== undefined) return machine.address;
    throw new OperatorError(
      `--node ${JSON.stringify(node)} is no hostname of ${setup.place.file}`,
      {
        hint: `this machine is one of ${machines.map(({ name }) => name).join(", ")}`,
        exitCode: EXIT.usage,
      },
    );
  };
  return {
    settled: ["domain", "address"],
    usual(key, answers) {
      switch (key) {
        case "node":
          return here?.name;
        case "domain":
          return setup.domain;
        case "cluster":
          return usualCluster;
        case "address":
          return addressOf(answers.get("node") ?? "");
        case "listen":
          return undefined;
      }
    },
  };
}
