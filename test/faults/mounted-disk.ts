import { spawnSync } from "node:child_process";
import { cpSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../harness/command.ts";

/** Only who may mount can fill a disk. */
export const CAN_MOUNT =
  process.geteuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

/** A small disk of its own under a folder. */
export type SmallDisk = {
  /** Takes all the room but `left` bytes. */
  fill(left: number): Promise<void>;
  /** Gives the room back. */
  empty(): void;
  unmount(): Promise<void>;
};

/** Puts a disk of some megabytes under `folder`, with all that was in it. @throws Error when mounting fails */
export async function mountUnder(folder: string, megabytes: number): Promise<SmallDisk> {
  const aside = `${folder}.aside`;
  cpSync(folder, aside, { recursive: true, preserveTimestamps: true });
  const options = ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", folder];
  await runOk("mount", options);
  cpSync(aside, folder, { recursive: true, preserveTimestamps: true });
  rmSync(aside, { recursive: true });
  const filler = join(folder, "filler");
  return {
    async fill(left) {
      const { stderr } = spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
      const written = /^(\d+) bytes/m.exec(stderr.toString())?.[1];
      if (written === undefined) throw new Error(`dd: ${stderr.toString()}`);
      truncateSync(filler, Math.max(0, Number(written) - left));
    },
    empty: () => rmSync(filler, { force: true }),
    async unmount() {
      await runOk("umount", ["-l", folder]);
    },
  };
}
