import type { Machine } from "../cluster/machines.ts";
import type { Part, Stage, Step } from "../cluster/stage.ts";

const ARCHIVE = "/media/packages/keyclient-*-linux-x64.tar.gz";
const CLIENT = "/opt/keysystem/client/bin/keyclient";

/** A node that gets everything from the archive, on a `/usr` that nobody can write. */
export const archivePart: Part = {
  name: "archive",
  about: "a node whose /usr cannot be written",
  needs: [],
  machines: ["m1", "w1"],
  begin: (stage) => {
    const step = (
      title: string,
      play: (w1: Machine, stage: Stage) => Promise<void>,
      essential = false,
    ): Step => ({ title, essential, play: () => play(stage.machine("w1"), stage) });
    return {
      steps: [
        step("tar and install under /opt, with /usr read-only", install, true),
        step("a line pasted from the master joins it", join, true),
        step("the timer runs the service, and it is content", tick),
        step("unpacked anew and installed again, it goes on", again),
        step("install --remove takes its units away", remove),
      ],
    };
  },
};

async function install(w1: Machine): Promise<void> {
  await w1.type("mount --bind /usr /usr && mount -o remount,bind,ro /usr");
  if ((await w1.run(["touch", "/usr/probe"])).code === 0) throw new Error("/usr can be written");
  await w1.type(`tar -xf ${ARCHIVE} -C /opt && /opt/keysystem/install`);
}

/** The master is the one that the Debian packages made, and lost at the end of their part: a new one. */
async function join(w1: Machine, stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  await m1.type(
    "apt install --yes /media/packages/keysystem-common_*.deb /media/packages/keyserver_*.deb",
    { timeout: 300 },
  );
  await m1.type(
    "keyserver init --yes --cluster hyades --domain hyades.example.edu --node m1 --address 10.18.60.11 --listen 10.18.60.11:20557",
  );
  // The first policy knows the master alone.
  await m1.type(
    "sed -i '/^  m1: /a\\  w1: { roles: [master], address: 10.18.60.21 }' /etc/keysystem/policy.yaml",
  );
  await m1.type("systemctl enable --now keyserver && keyserver policy apply --yes");
  const admitted = await m1.type("keyserver node admit w1");
  const [, line = ""] = /^ {2}keyclient join (\S+)$/m.exec(admitted) ?? [];
  await w1.ok([CLIENT, "join", line]);
}

async function tick(w1: Machine): Promise<void> {
  await w1.ok(["systemctl", "is-active", "keyclient.timer"]);
  await w1.ok(["systemctl", "start", "keyclient.service"]);
  const shown = await w1.ok(["systemctl", "show", "keyclient", "-PExecMainStatus"]);
  if (!["0\n", "5\n"].includes(shown)) throw new Error(await w1.journal("keyclient"));
}

async function again(w1: Machine): Promise<void> {
  await w1.type(`tar -xf ${ARCHIVE} -C /opt && /opt/keysystem/install`);
  await w1.ok([CLIENT, "renew", "--all"]);
}

async function remove(w1: Machine): Promise<void> {
  await w1.type(`/opt/keysystem/install --remove && ${CLIENT} leave && rm -r /opt/keysystem`);
  const { stdout } = await w1.run(["systemctl", "list-unit-files", "keyclient*", "--no-legend"]);
  if (stdout !== "") throw new Error(stdout);
}
