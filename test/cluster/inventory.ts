import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";
import type { Machine } from "./machines.ts";
import { type Issued, listIssued, NODES } from "./nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

type NodeName = (typeof NODES)[number];

/**
 * Seconds until a machine has to be well again once its fault is over: nothing is asked twice within a minute, then
 * two ticks of five seconds, on machines that share two cores.
 */
const PATIENCE = 90;

/**
 * Waits until keyclient says that all is well on these machines, and until what they hold is what the ledger says.
 * Gives the seconds that the first of both took.
 */
export async function seeHealed(stage: Stage, names: readonly NodeName[] = NODES): Promise<number> {
  const began = performance.now();
  await Promise.all(names.map((name) => seeHealthy(stage.machine(name))));
  const seconds = (performance.now() - began) / 1000;
  // No renewal may come between the two lists.
  const machines = names.map((name) => stage.machine(name));
  await Promise.all(machines.map((machine) => machine.type(HOLD)));
  try {
    await checkInventory(stage, names);
  } finally {
    await Promise.all(machines.map((machine) => machine.type("systemctl start keyclient.timer")));
  }
  return seconds;
}

const HOLD = `systemctl stop keyclient.timer
while systemctl is-active --quiet keyclient; do sleep 0.2; done`;

async function seeHealthy(machine: Machine): Promise<void> {
  await until(
    `${machine.name} is well`,
    async () => {
      const { code, stdout, stderr } = await machine.run(["keyclient", "status", "--check"]);
      if (code === 0) return true;
      throw new Error(`${stdout}${stderr}${await machine.journal("keyclient", 20)}`);
    },
    { seconds: PATIENCE, every: 2 },
  );
}

/** @throws Error with each certificate that was lost, doubled, exchanged, or has ended */
async function checkInventory(stage: Stage, names: readonly NodeName[]): Promise<void> {
  const m1 = stage.machine("m1");
  const faults: string[] = [];
  const serials = new Map<string, string>();
  for (const name of names) {
    const [held, issued] = [await listHeld(stage.machine(name)), await listIssued(m1, name)];
    for (const { serial, grant } of issued) {
      const other = serials.get(serial);
      if (other !== undefined)
        faults.push(`${serial} was issued to ${other} and as ${name} ${grant}`);
      serials.set(serial, `${name} ${grant}`);
    }
    faults.push(...held.flatMap((each) => judge(each, issued).map((why) => `${name}: ${why}`)));
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function judge(held: Held, issued: readonly Issued[]): readonly string[] {
  const { path, serial, fits, left } = held;
  const known = issued.filter((each) => each.serial === serial);
  const [found] = known;
  if (found === undefined) return [`${path} has ${serial}, which the ledger does not know`];
  const newest = issued.find(({ grant }) => grant === found.grant);
  return [
    known.length > 1 ? `${serial} is in the ledger ${known.length} times` : "",
    newest?.serial === serial
      ? ""
      : `${path} has ${serial}, and ${newest?.serial} was issued since`,
    fits ? "" : `${path} does not fit its key`,
    left ? "" : `${path} has ended`,
  ].filter((fault) => fault !== "");
}

/** A certificate file as another program reads it. */
type Held = {
  readonly path: string;
  /** Lower-case hex, as the ledger has it. */
  readonly serial: string;
  readonly fits: boolean;
  /** Whether it is still good. */
  readonly left: boolean;
};

/** Certificate and key of every recipe that is shipped, and of the identity; a machine has some of them. */
const PAIRS: readonly (readonly [string, string])[] = [
  ["/var/lib/keyclient/identity/certificate.pem", "/var/lib/keyclient/identity/key.pem"],
  ...readdirSync(join(CHECKOUT, "client/recipes")).flatMap((file) => pairIn(file)),
];

function pairIn(file: string): readonly (readonly [string, string])[] {
  const text = readFileSync(join(CHECKOUT, "client/recipes", file), "utf8");
  const [, key] = /^ *key: (\/\S+)$/m.exec(text) ?? [];
  const [, certificate] = /^ *certificate: (\/\S+)$/m.exec(text) ?? [];
  return key === undefined || certificate === undefined ? [] : [[certificate, key]];
}

async function listHeld(machine: Machine): Promise<readonly Held[]> {
  const lines = await machine.type(PAIRS.map(([path, key]) => LOOK(path, key)).join("\n"));
  return lines
    .trimEnd()
    .split("\n")
    .map((line): Held => {
      const [path = "", serial = "", fits = "", left = ""] = line.split(" ");
      const isDecimal = path.endsWith(".pub");
      const hex = isDecimal ? BigInt(serial).toString(16).padStart(16, "0") : serial.toLowerCase();
      return { path, serial: hex, fits: fits === "fits", left: left === "left" };
    });
}

const LOOK = (path: string, key: string): string =>
  path.endsWith(".pub")
    ? `if [ -e ${path} ]; then
  certificate=$(ssh-keygen -L -f ${path})
  serial=$(echo "$certificate" | sed -n 's/^ *Serial: //p')
  end=$(echo "$certificate" | sed -n 's/^ *Valid: .* to //p')
  print=$(ssh-keygen -l -f ${key} | cut -d' ' -f2)
  echo "$certificate" | grep -q "Public key: .*$print" && fits=fits || fits=no
  [ "$(date -d "$end" +%s)" -gt "$(date +%s)" ] && left=left || left=no
  echo ${path} "$serial" $fits $left
fi`
    : `if [ -e ${path} ]; then
  serial=$(openssl x509 -in ${path} -noout -serial | cut -d= -f2)
  [ "$(openssl x509 -in ${path} -noout -pubkey)" = "$(openssl pkey -in ${key} -pubout)" ] && fits=fits || fits=no
  openssl x509 -in ${path} -noout -checkend 0 >/dev/null && left=left || left=no
  echo ${path} "$serial" $fits $left
fi`;
