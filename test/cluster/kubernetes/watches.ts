import { readFileSync, writeFileSync } from "node:fs";
import type { Stage } from "../stage.ts";

const WATCHES = "/proc/sys/fs/inotify/max_user_instances";
const ENOUGH = 1024;

/**
 * Raises the number of inotify instances where it is low. They count for root of this machine and of all machines on
 * it together, and a program that gets none does not see that its files have changed, or does not start.
 */
export function allowWatches(stage: Stage): void {
  if (Number(readFileSync(WATCHES, "utf8")) >= ENOUGH) return;
  writeFileSync(WATCHES, `${ENOUGH}\n`);
  stage.note(`fs.inotify.max_user_instances of this machine is ${ENOUGH} until its next boot`);
}
