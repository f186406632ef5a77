import type { Machine } from "../machines.ts";
import { MACHINES, SITE } from "../site.ts";
import type { Part } from "../stage.ts";

/** The ground: machines that have systemd, know one another by name, and have no way out. */
export const machinesPart: Part = {
  name: "machines",
  about: `machines on a network of their own, ${SITE.network}`,
  needs: [],
  machines: ["m1", "d1"],
  begin(stage) {
    const on = (): readonly Machine[] =>
      MACHINES.map(({ name }) => stage.machine(name)).filter(({ isOn }) => isOn());
    const boot = {
      title: "systemd has started everything on each, and nothing failed",
      async play() {
        for (const machine of on()) {
          const failed = await machine.ok(["systemctl", "--failed", "--quiet", "--no-legend"]);
          if (failed !== "") throw new Error(`${machine.name}: ${failed}`);
        }
        const seconds = on().map(({ bootSeconds }) => bootSeconds());
        stage.figure("a machine, from power to ready", `${Math.max(...seconds).toFixed(1)} s`);
      },
    };
    const names = {
      title: "each reaches every other by name",
      async play() {
        for (const machine of on()) {
          for (const { fqdn } of on()) await machine.ok(["ping", "-q", "-c1", "-W5", fqdn]);
        }
      },
    };
    const closed = {
      title: "none reaches anything else",
      async play() {
        for (const machine of on()) {
          const { code } = await machine.run(["ping", "-q", "-c1", "-W1", "192.0.2.1"]);
          if (code === 0) throw new Error(`${machine.name} reaches 192.0.2.1`);
        }
      },
    };
    return { steps: [boot, names, closed] };
  },
};
