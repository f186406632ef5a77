import { homeOf } from "../inside.ts";
import { membershipChange } from "../../harness/directory-entries.ts";
import type { Machine } from "../machines.ts";
import { listIssued, NODES } from "../nodes.ts";
import { act, installKeyreq, kinit, setUp } from "../people.ts";
import { fqdn, SITE } from "../site.ts";
import { HOST_KEYS } from "../sshd.ts";
import type { Part, Stage, Step } from "../stage.ts";
import { until } from "../until.ts";

/** Where alice's certificate is kept to be tried when it has ended. */
const KEPT = `${homeOf("alice")}/kept`;

/** People on d1 log in to every machine by their ticket. */
export const sshPart: Part = {
  name: "ssh",
  about: "people on d1 have a ticket, and with it every machine they may",
  needs: ["install"],
  machines: ["d1"],
  begin: (stage) => ({
    steps: [
      { title: "d1: apt install keyreq", essential: true, play: () => installKeyreq(stage) },
      ...["cela", "alice"].map((name): Step => ({
        title: `${name}: keyreq setup, with the pin`,
        essential: true,
        play: () => setUp(stage, name),
      })),
      {
        title: "cela, without a ticket: no login, and no prompt",
        play: () => refuse(stage, "cela", "root@m2"),
      },
      {
        title: "cela, with a ticket of no administrator: no login as root",
        play: () => refuseCela(stage),
      },
      {
        title: "cela/root: kinit, and plain ssh to all five as root",
        play: () => logInAsRoot(stage),
      },
      {
        title: "alice: kinit, and plain ssh to all five as alice",
        play: () => logInAsAlice(stage),
      },
      { title: "alice: not as root, and not as bob", play: () => refuseAlice(stage) },
      {
        title: "every login was by a host certificate: nobody was asked to trust a key",
        play: () => seeKnownHosts(stage),
      },
      {
        title: "alice is taken out of the group: no new certificate, and she is told why",
        play: () => takeOut(stage),
      },
      {
        title: "her certificate has ended: no login with it, on any machine",
        play: () => refuseExpired(stage),
      },
      { title: "she is put back: she logs in again", play: () => putBack(stage) },
    ],
    closing: [
      {
        title: "every sshd serves its newest host certificate, after renewals",
        play: () => seeHostCertificates(stage),
      },
      { title: "cela/root logs in to all five as before", play: () => logInAsRoot(stage) },
    ],
  }),
};

/** Plain ssh; whatever it would have asked is a failure. */
async function logIn(d1: Machine, user: string, as: string, name: string): Promise<void> {
  const { code, stdout, stderr } = await act(
    d1,
    user,
    `ssh -o BatchMode=yes ${as}@${fqdn(name)} 'id -un; hostname'`,
  );
  if (code !== 0 || stdout !== `${as}\n${name}\n`) {
    throw new Error(`${user}@d1$ ssh ${as}@${fqdn(name)}\nended with ${code}\n${stdout}${stderr}`);
  }
}

async function refuse(stage: Stage, user: string, target: string): Promise<void> {
  const [as = "", name = ""] = target.split("@");
  const ssh = `ssh -o BatchMode=yes ${as}@${fqdn(name)} id`;
  const { code, stdout, stderr } = await act(stage.machine("d1"), user, ssh);
  if (code === 0) throw new Error(`${user} got in: ${stdout}`);
  // sshd says no; a wrong host key or a silent machine would prove nothing.
  if (!stderr.includes("Permission denied")) throw new Error(`refused otherwise:\n${stderr}`);
}

async function refuseCela(stage: Stage): Promise<void> {
  await kinit(stage.machine("d1"), "cela", "cela");
  await refuse(stage, "cela", "root@m2");
}

async function logInAsRoot(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await kinit(d1, "cela", "cela/root");
  // After a refusal keyreq does not ask again for some seconds.
  await until("m2 lets cela/root in", () => logIn(d1, "cela", "root", "m2").then(() => true), {
    seconds: 30,
  });
  for (const name of NODES) await logIn(d1, "cela", "root", name);
}

async function logInAsAlice(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await kinit(d1, "alice", "alice");
  for (const name of NODES) await logIn(d1, "alice", "alice", name);
}

async function refuseAlice(stage: Stage): Promise<void> {
  for (const as of ["root", "bob"]) {
    for (const name of NODES) await refuse(stage, "alice", `${as}@${name}`);
  }
}

async function seeKnownHosts(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  for (const user of ["cela", "alice"]) {
    const known = await d1.type(`cat ${homeOf(user)}/.ssh/known_hosts 2>/dev/null || true`);
    if (known !== "") throw new Error(`${user} trusts keys one by one:\n${known}`);
  }
}

async function takeOut(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  const folder = `${homeOf("alice")}/.local/share/keysystem/${SITE.cluster}/credentials`;
  await d1.type(`cp -r ${folder} ${KEPT}`, { user: "alice" });
  await changeGroup(d1, "delete");
  await until(
    "a new certificate is refused",
    async () => {
      const { code, stderr } = await act(d1, "alice", "keyreq forget && keyreq ssh");
      if (code === 0) throw new Error("alice got a certificate");
      if (code !== 3 || !stderr.includes("hyades-users"))
        throw new Error(`exit ${code}\n${stderr}`);
      return true;
    },
    { seconds: 30, every: 2 },
  );
  await refuse(stage, "alice", "alice@m2");
}

const changeGroup = (d1: Machine, verb: "add" | "delete"): Promise<string> => {
  // The directory of the cluster has only groups of names.
  const [change = ""] = membershipChange("alice", "hyades-users", verb).split("\n\n");
  return d1.ok(["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"], { stdin: `${change}\n` });
};

async function refuseExpired(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  const found = await d1.type(`find ${KEPT} -name '*-cert.pub'`);
  const [certificate = ""] = found.trim().split("\n");
  const key = await d1.type(
    `ls ${certificate.replace(/\.pub$/, "")} ${certificate.replace(/-cert\.pub$/, "")} 2>/dev/null || true`,
  );
  const [identity = ""] = key.trim().split("\n");
  const known = `${homeOf("alice")}/.local/share/keysystem/${SITE.cluster}/known_hosts`;
  const options = `-F none -o BatchMode=yes -o IdentityAgent=none -o IdentitiesOnly=yes -o UserKnownHostsFile=${known} -i ${identity} -o CertificateFile=${certificate}`;
  const tryOn = (name: string): ReturnType<Machine["run"]> =>
    act(d1, "alice", `ssh ${options} alice@${fqdn(name)} id`);
  const first = await tryOn("m2");
  stage.note(
    first.code === 0 ? "it was still good when she was taken out" : "it had ended by then",
  );
  await until("it has ended", async () => (await tryOn("m2")).code !== 0, {
    seconds: 150,
    every: 5,
  });
  for (const name of NODES) {
    const { code, stderr } = await tryOn(name);
    if (code === 0) throw new Error(`${name} takes it`);
    if (!stderr.includes("Permission denied"))
      throw new Error(`${name} refuses otherwise:\n${stderr}`);
    const journal = await stage.machine(name).journal("ssh", 50);
    if (!journal.includes("Certificate invalid: expired"))
      throw new Error(`${name}: sshd does not say why:\n${journal}`);
  }
}

async function putBack(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await changeGroup(d1, "add");
  await until("alice logs in", () => logIn(d1, "alice", "alice", "m2").then(() => true), {
    seconds: 40,
    every: 2,
  });
}

async function seeHostCertificates(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  for (const name of NODES) {
    const machine = stage.machine(name);
    const issued = await listIssued(m1, name, "ssh-host");
    if (issued.length < 2) throw new Error(`${name} has had ${issued.length} host certificates`);
    const serialOf = (text: string): string | undefined => /^\s+Serial: (\d+)$/m.exec(text)?.[1];
    await until(`${name} serves what is on disk`, async () => {
      const served = await m1.type(
        `ssh-keyscan -c ${machine.fqdn} 2>/dev/null >/tmp/scan; ssh-keygen -L -f /tmp/scan`,
      );
      const disk = await machine.type(`ssh-keygen -L -f ${HOST_KEYS.certificate}`);
      return serialOf(disk) !== undefined && serialOf(served) === serialOf(disk);
    });
  }
}
