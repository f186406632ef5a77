import { runOk } from "../harness/command.ts";
import { SITE } from "./site.ts";

const BRIDGE = "br0";

/** What joins the machines: a bridge in the network namespace of this process, which leads nowhere else. */
export type Network = {
  readonly bridge: string;
  /** Pulls a machine's cable, and puts it back. */
  cut(machine: string): Promise<void>;
  join(machine: string): Promise<void>;
};

/** Makes the bridge. This process must be in a network namespace of its own; the bridge ends with that. */
export async function createNetwork(): Promise<Network> {
  const ip = (...args: readonly string[]): Promise<string> => runOk("ip", args);
  await ip("link", "set", "lo", "up");
  await ip("link", "add", BRIDGE, "type", "bridge");
  await ip("addr", "add", `${SITE.gateway}/${SITE.network.split("/")[1]}`, "dev", BRIDGE);
  await ip("link", "set", BRIDGE, "up");
  return {
    bridge: BRIDGE,
    cut: async (machine) => void (await ip("link", "set", `vb-${machine}`, "down")),
    join: async (machine) => void (await ip("link", "set", `vb-${machine}`, "up")),
  };
}
