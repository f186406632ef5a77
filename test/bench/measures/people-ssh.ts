import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Desk, makeDesk } from "../../harness/keyreq.ts";
import { startPeopleCluster } from "../../harness/people.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";
import type { Measure } from "../measure.ts";

const FRONT = join(CHECKOUT, "client/bin/keyreq-fresh");
const LOGIN = "alice";

/** `people.ssh.*`: what ssh waits for before a login: with a good certificate, and until a new one is there. */
export const peopleSsh: Measure = {
  names: ["people.ssh.valid", "people.ssh.new"],
  async run() {
    await using people = await startPeopleCluster();
    const desk = await makeDesk(people, LOGIN, await people.person(`${LOGIN}@EXAMPLE.EDU`));
    const data = join(desk.home, ".local/share/keysystem");
    const ask = (): number => timeFront(desk, data);
    // The first certificate fills caches that every later one uses.
    const fresh = Array.from({ length: 10 }, () => {
      rmSync(join(data, "hyades/expiry", LOGIN), { force: true });
      return ask();
    });
    const valid = Array.from({ length: 101 }, ask);
    return {
      "people.ssh.valid": { value: median(valid), unit: "ms", detail: "the shell front alone" },
      "people.ssh.new": {
        value: median(fresh.slice(1)),
        unit: "ms",
        detail: "keyreq, two requests by ticket, a certificate in files; the KDC is asked once",
      },
    };
  },
};

/** Milliseconds. @throws Error when there is no certificate afterwards */
function timeFront({ environment }: Desk, data: string): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(FRONT, ["hyades", LOGIN, data], { env: environment });
  if (status !== 0) throw new Error(`people.ssh: ended with ${status}: ${stderr.toString()}`);
  return performance.now() - begun;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
