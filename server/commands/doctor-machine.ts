import { execFile } from "node:child_process";
import { statfsSync } from "node:fs";
import { promisify } from "node:util";
import { messageOf } from "../../keys/signer/signer-error.ts";
import type { ServerPaths } from "../config/paths.ts";
import type { Finding } from "./doctor-finding.ts";

const MEGABYTE = 1024 * 1024;

/** Room where the ledger and the signatures' record are written; without it nothing is signed. */
export function checkDisk({ stateFolder, signerFolder }: ServerPaths): Finding {
  const name = "disk";
  try {
    const rooms = [stateFolder, signerFolder].map(roomOf);
    const [least = roomOf(stateFolder)] = rooms.toSorted((one, other) => one.free - other.free);
    return judgeRoom(least);
  } catch (error) {
    return { name, state: "problem", text: messageOf(error), fix: "run it as root, on the master" };
  }
}

/** Bytes that a daemon can still write in a folder, and their part of the whole. */
export type Room = { readonly folder: string; readonly free: number; readonly part: number };

function roomOf(folder: string): Room {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { folder, free: bavail * bsize, part: blocks === 0 ? 1 : bavail / blocks };
}

/** Below 64 MB nothing is far from being refused; below 5 % and 1 GB somebody should look. */
export function judgeRoom({ folder, free, part }: Room): Finding {
  const name = "disk";
  const text = `${Math.floor(part * 100)} % (${Math.floor(free / MEGABYTE)} MB) free at ${folder}`;
  const fix = "make room: when it is full nothing is signed";
  if (free < 64 * MEGABYTE) return { name, state: "problem", text, fix };
  if (part < 0.05 && free < 1024 * MEGABYTE) return { name, state: "warning", text, fix };
  return { name, state: "ok", text };
}

/** Says something of the machine, as `timedatectl` and `systemctl` do; undefined where there is no such program. */
export type Ask = (program: string, args: readonly string[]) => Promise<string | undefined>;

/** Runs a program of this machine without a shell, for at most five seconds. */
export const askMachine: Ask = async (program, args) => {
  try {
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
    return (await promisify(execFile)(program, [...args], { timeout: 5000, env })).stdout;
  } catch {
    return undefined;
  }
};

/** Whether somebody keeps the clock: it decides when every certificate begins and ends. */
export async function checkClock(ask: Ask): Promise<Finding> {
  const name = "clock";
  const answer = await ask("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
  const word = answer?.trim();
  if (word === "yes") return { name, state: "ok", text: "synchronised" };
  if (word !== "no") {
    return { name, state: "skipped", text: "timedatectl does not say who keeps it" };
  }
  const text = "nothing keeps this machine's clock";
  return {
    name,
    state: "warning",
    text,
    fix: "apt install chrony      then:  chronyc tracking",
  };
}

const UNITS = ["keyserver.service", "keysigner.service"] as const;

/** How systemd holds both daemons; where it does not know them, whoever starts them does. */
export async function checkUnits(ask: Ask): Promise<Finding> {
  const name = "units";
  const properties = "--property=LoadState,ActiveState,UnitFileState";
  const answers = await Promise.all(
    UNITS.map((unit) => ask("systemctl", ["show", unit, properties])),
  );
  const states = answers.map((answer = "") => new Map(answer.split("\n").map(splitField)));
  if (states[0]?.get("LoadState") !== "loaded") {
    return { name, state: "skipped", text: "systemd does not run keyserver here" };
  }
  const failed = UNITS.filter((_, at) => states[at]?.get("ActiveState") === "failed");
  if (failed.length > 0) {
    const all = failed.join(" ");
    const fix = `journalctl -u ${failed[0]}      then:  systemctl reset-failed ${all}; systemctl start keyserver`;
    return { name, state: "problem", text: `${failed.join(" and ")} failed and stays down`, fix };
  }
  if (states[0].get("UnitFileState") !== "enabled") {
    const text = "keyserver.service is not enabled: it is gone after the next boot";
    return { name, state: "warning", text, fix: "systemctl enable keyserver" };
  }
  return {
    name,
    state: "ok",
    text: `keyserver.service is ${states[0].get("ActiveState")}, enabled`,
  };
}

function splitField(line: string): readonly [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
