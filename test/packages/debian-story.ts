import type { Machine } from "../cluster/machines.ts";
import type { Part, Stage } from "../cluster/stage.ts";
import { until } from "../cluster/until.ts";

const PACKAGES = "/media/packages";
const MASTER = ["keysystem-common", "keyserver", "keyclient"] as const;

/** A master's life with the Debian packages: installed, begun, joined, upgraded under load, removed, purged. */
export const debianPart: Part = {
  name: "debian",
  about: "the packages of a master and of a person, from the first day to the last",
  needs: [],
  machines: ["m1"],
  begin: (stage) => ({
    steps: [
      step("apt install takes the packages, and no Node.js", install, stage, true),
      step("the users are there, the programs speak, nothing runs", seeInstalled, stage),
      step("keyserver init, systemctl enable --now keyserver, and it can sign", begin, stage, true),
      step("the master joins itself, and holds every certificate", joinItself, stage, true),
      step("the timer that renews runs since the join", seeTimer, stage),
      step(
        "an upgrade while it renews without a pause: none fails, some are tried again",
        upgrade,
        stage,
        true,
      ),
      step("afterwards both daemons and the programs are the new ones", seeUpgraded, stage),
      step("keyserver of another version than the common part is refused", refuseMix, stage),
      step("going back is an upgrade like any other", downgrade, stage),
      step("apt remove stops the daemons and the timer, and all files stay", remove, stage),
      step("apt install again: enabled and running, with the same ledger", reinstall, stage),
      step(
        "apt purge keyclient takes the identity and leaves what services use",
        purgeClient,
        stage,
      ),
      step("apt purge keyserver keeps authorities, ledger and policy, and says so", purge, stage),
      step("a purge that was asked for takes them", purgeAll, stage),
      step("nothing of the packages is left", seeNothing, stage),
    ],
  }),
};

const step = (
  title: string,
  play: (m1: Machine, stage: Stage) => Promise<void>,
  stage: Stage,
  essential = false,
) => ({ title, essential, play: () => play(stage.machine("m1"), stage) });

const files = (folder: string, names: readonly string[]): string =>
  names.map((name) => `${folder}/${name}_*.deb`).join(" ");

async function install(m1: Machine, stage: Stage): Promise<void> {
  const none = await m1.run(["sh", "-c", "command -v node"]);
  if (none.code === 0) throw new Error("the machine has a Node.js of its own");
  const said = await m1.type(`apt install --yes ${files(PACKAGES, [...MASTER, "keyreq"])} 2>&1`, {
    timeout: 300,
  });
  stage.note(lastLines(said, /^(?:keyserver|keyclient|keyreq): /));
  if (/dpkg: warning|Failed|error/i.test(said)) throw new Error(said);
}

async function seeInstalled(m1: Machine): Promise<void> {
  await m1.type("id keyserver && id keysigner");
  for (const name of ["keyserver", "keyclient", "keyreq"]) {
    expectSame(await m1.ok([name, "version"]), `${name} ${await versionOf(m1, name)}\n`);
    await m1.type(`man ${name} | grep -q SYNOPSIS`);
  }
  for (const unit of ["keyserver", "keysigner", "keyclient"]) {
    expectSame((await m1.run(["systemctl", "is-active", unit])).stdout, "inactive\n");
  }
  expectSame((await m1.run(["systemctl", "is-enabled", "keyserver"])).stdout, "disabled\n");
}

async function begin(m1: Machine): Promise<void> {
  await m1.type(
    "keyserver init --yes --cluster hyades --domain hyades.example.edu --node m1 --address 10.18.60.11 --listen 10.18.60.11:20557",
  );
  await m1.type("systemctl enable --now keyserver && keyserver status --check");
}

/** As docs/operations.md tells operators. */
const SSHD = `TrustedUserCAKeys /etc/ssh/keysystem-user-ca.pub
AuthorizedPrincipalsFile none
HostKey /etc/ssh/ssh_host_ed25519_key
HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub
`;

async function joinItself(m1: Machine): Promise<void> {
  await m1.write("/etc/ssh/sshd_config.d/keysystem.conf", SSHD);
  const line = readJoinString(await m1.type("keyserver node admit m1"));
  await m1.type(`keyclient join ${line} && keyclient status --check`);
}

async function seeTimer(m1: Machine): Promise<void> {
  expectSame(await m1.ok(["systemctl", "is-enabled", "keyclient.timer"]), "enabled\n");
  expectSame(await m1.ok(["systemctl", "is-active", "keyclient.timer"]), "active\n");
  await m1.ok(["systemctl", "start", "keyclient.service"]);
}

/** The line that `keyserver node admit` prints, as a person copies it. */
function readJoinString(text: string): string {
  const [, found] = /^ {2}keyclient join (\S+)$/m.exec(text) ?? [];
  if (found === undefined) throw new Error(`there is no line to paste in:\n${text}`);
  return found;
}

/** Renews one grant again and again, and notes each exit code with the second that it began in. */
const RENEWALS = `while ! [ -e /run/renewals.end ]; do
  code=0; keyclient renew ssh-host --quiet || code=$?
  echo "$code" >>/run/renewals
done`;

async function upgrade(m1: Machine, stage: Stage): Promise<void> {
  await m1.write("/root/renewals.sh", RENEWALS);
  await m1.type("systemd-run --unit=renewals sh /root/renewals.sh");
  const count = async (): Promise<number> => (await readCodes(m1)).length;
  await until("five renewals", async () => (await count()) >= 5);
  const before = await mainPid(m1);
  await m1.type(`apt install --yes ${files(`${PACKAGES}/next`, [...MASTER, "keyreq"])} 2>&1`, {
    timeout: 300,
  });
  const then = await count();
  await until("five more that succeed", async () =>
    /^0{5,}$/.test((await readCodes(m1)).slice(then).join("").replaceAll("4", "")),
  );
  await m1.type("touch /run/renewals.end");
  if ((await mainPid(m1)) === before) throw new Error("the old daemon runs on");
  const codes = await readCodes(m1);
  // While the daemon is started anew nobody listens: exit 4, which the timer tries again by itself.
  const waited = codes.filter((code) => code === "4").length;
  const failed = codes.filter((code) => code !== "0" && code !== "4");
  stage.note(
    `${codes.length} renewals, ${waited} of them told to try again, ${failed.length} failed`,
  );
  if (failed.length > 0) throw new Error(await m1.journal("renewals"));
  await m1.type("systemctl start keyclient.service && keyclient status --check");
}

const readCodes = async (m1: Machine): Promise<readonly string[]> =>
  (await m1.run(["cat", "/run/renewals"])).stdout.split("\n").filter((line) => line !== "");

const mainPid = (m1: Machine): Promise<string> =>
  m1.ok(["systemctl", "show", "-PMainPID", "keyserver"]);

async function seeUpgraded(m1: Machine): Promise<void> {
  expectSame(await m1.ok(["keyserver", "version"]), "keyserver 99.0.0\n");
  await m1.type("keyserver status --check && keyclient status --check");
  // A process whose program was replaced runs from a file that is gone.
  const stale = await m1.type(
    "for pid in $(pgrep -u keyserver; pgrep -u keysigner); do readlink /proc/$pid/exe; done | grep deleted || true",
  );
  expectSame(stale, "");
}

async function refuseMix(m1: Machine): Promise<void> {
  const { code, stdout, stderr } = await m1.run(
    ["sh", "-c", `apt install --yes --allow-downgrades ${files(PACKAGES, ["keyserver"])}`],
    { timeout: 300 },
  );
  if (code === 0) throw new Error("apt has mixed two versions");
  if (!/Depends: keysystem-common \(= /.test(stdout + stderr)) throw new Error(stdout + stderr);
}

async function downgrade(m1: Machine): Promise<void> {
  const all = files(PACKAGES, [...MASTER, "keyreq"]);
  await m1.type(`apt install --yes --allow-downgrades ${all}`, { timeout: 300 });
  await m1.type("keyserver status --check");
}

async function remove(m1: Machine): Promise<void> {
  await m1.type("apt remove --yes keyserver keyclient 2>&1", { timeout: 120 });
  for (const unit of ["keyserver", "keysigner", "keyclient.timer"]) {
    const { stdout } = await m1.run(["systemctl", "is-active", unit]);
    if (stdout === "active\n") throw new Error(`${unit} is still active`);
  }
  expectSame((await m1.run(["pgrep", "-u", "keyserver,keysigner"])).stdout, "");
  await m1.type(
    "ls /var/lib/keysigner/authorities /var/lib/keysystem/ledger.db /var/lib/keyclient",
  );
}

async function reinstall(m1: Machine): Promise<void> {
  await m1.type(`apt install --yes ${files(PACKAGES, MASTER)} 2>&1`, { timeout: 300 });
  await m1.type("keyserver status --check && keyclient renew --all");
  expectSame(await m1.ok(["systemctl", "is-active", "keyclient.timer"]), "active\n");
}

async function purgeClient(m1: Machine, stage: Stage): Promise<void> {
  const kept = "/etc/ssh/ssh_host_ed25519_key-cert.pub";
  await m1.ok(["ls", kept]);
  const said = await m1.type("apt purge --yes keyclient 2>&1", { timeout: 120 });
  stage.note(lastLines(said, /^keyclient: /));
  await m1.ok(["ls", kept]);
  await expectGone(m1, ["/var/lib/keyclient", "/etc/keysystem/client.yaml"]);
}

async function purge(m1: Machine, stage: Stage): Promise<void> {
  const said = await m1.type("apt purge --yes keyserver 2>&1", { timeout: 120 });
  stage.note(lastLines(said, /^keyserver: /));
  if (!said.includes("rm -r /var/lib/keysigner /var/lib/keysystem /etc/keysystem/applied")) {
    throw new Error(said);
  }
  await m1.type(
    "ls /var/lib/keysigner/authorities/* /var/lib/keysystem/ledger.db /etc/keysystem/policy.yaml /etc/keysystem/seal.secret",
  );
  await m1.type(`apt install --yes ${files(PACKAGES, ["keyserver"])}`, { timeout: 300 });
  await m1.type("systemctl is-active keyserver && keyserver status --check");
}

async function purgeAll(m1: Machine, stage: Stage): Promise<void> {
  await m1.type("touch /etc/keysystem/purge-authorities");
  const said = await m1.type("apt purge --yes keyserver 2>&1", { timeout: 120 });
  stage.note(lastLines(said, /^keyserver: /));
  await expectGone(m1, ["/var/lib/keysigner", "/var/lib/keysystem", "/etc/keysystem"]);
}

async function seeNothing(m1: Machine): Promise<void> {
  await m1.type("apt purge --yes keysystem-common keyreq 2>&1", { timeout: 120 });
  const left = await m1.type(
    "find / -xdev -name '*keysystem*' -o -xdev -name 'keyclient*' -o -xdev -name 'keyserver*' | grep -v -e ^/var/log -e ^/var/cache/man -e ^/root/ -e /etc/ssh/ || true",
  );
  expectSame(left, "");
  expectSame(await m1.ok(["systemctl", "--failed", "--quiet", "--no-legend"]), "");
}

async function expectGone(m1: Machine, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if ((await m1.run(["test", "-e", path])).code === 0) throw new Error(`${path} is still there`);
  }
}

const versionOf = (m1: Machine, name: string): Promise<string> =>
  m1.ok(["dpkg-query", "-W", "-f=${Version}", name]);

const lastLines = (text: string, wanted: RegExp): string =>
  text
    .split("\n")
    .filter((line) => wanted.test(line))
    .join("\n");

function expectSame(found: string, wanted: string): void {
  if (found !== wanted)
    throw new Error(`found ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}
