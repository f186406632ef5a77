/*
 * How a part of the cluster's story is written
 *
 * A part is a file in story/ that exports a `Part`, and a line in parts.ts. Its steps are played in
 * their order on real machines (site.ts): Debian with systemd, on a network that leads nowhere else.
 *
 *     const m1 = stage.machine("m1");                      // inside play(), never in begin()
 *     await m1.ok(["systemctl", "restart", "etcd"]);       // throws with all that it said
 *     await m1.type("keyserver init --yes\nkeyserver status");   // lines, as a person types them
 *     const { code, stdout } = await m1.run(["keyclient", "status", "--json"], { timeout: 20 });
 *     await m1.write("/etc/default/etcd", text);           // read, journal, reboot, powerOff, cutPower, boot
 *     await until("etcd is healthy", async () => (await m1.run(HEALTH)).code === 0, { seconds: 60 });
 *     await stage.network.cut("w1");                       // and join
 *
 * - A step that throws is ✗, with the message below it; the next is played all the same, unless the
 *   step is `essential`. Say in the message what a person would look for: output, journal.
 * - What Debian has to bring is in image.sh: inside there is no way out. A program that has no
 *   package goes in by `nspawn: ["--bind-ro=…"]` in site.ts.
 * - Daemons are units, or `systemd-run --unit=NAME …`: never a shell's background. What a part leaves
 *   running goes on to the end; what it breaks it mends.
 * - What people are told to type is read from docs/ (documented.ts), so that it cannot go stale.
 * - `closing` steps come when all parts have been played, and before a part that `isLast`: there renewals have happened.
 * - Lifetimes of policy.yaml are minutes; a fault that needs others applies another policy, and puts this one back.
 * - Two cores carry everything: poll once a second, and let nothing spin.
 *
 * While writing: `npm run cluster -- --only PART --keep`, and in another terminal the `nsenter` that it shows.
 */
import type { Machine } from "./machines.ts";
import type { Network } from "./network.ts";
import type { MachineName } from "./site.ts";

/** What a part of the story plays on. */
export type Stage = {
  /** The machine; one that the chosen parts do not name is off. */
  machine(name: MachineName): Machine;
  readonly network: Pick<Network, "cut" | "join">;
  /** Folder of this run's logs, on this machine. */
  readonly logs: string;
  /** A line below the step that is being played. */
  note(text: string): void;
  /** A measured figure, for the table at the end: `figure("keyclient, idle tick: CPU", "3.1 ms")`. */
  figure(name: string, value: string): void;
  /** Calls back when everything is over, whatever happened; the last one first. */
  atEnd(end: () => void | Promise<void>): void;
};

/** Something that is true at the end of it, or it throws with what a person would want to read. */
export type Step = {
  /** As a stranger understands it: `m2: one pasted join string`. */
  readonly title: string;
  /** True: what comes after it in this part makes no sense without it, and is not tried when it fails. */
  readonly essential?: boolean;
  play(): Promise<void>;
};

/** One part of the story. Its steps share what they know through the variables of `begin`. */
export type Part = {
  readonly name: string;
  readonly about: string;
  /** Parts that must have been played before. */
  readonly needs: readonly string[];
  /** Machines that have to be on for it, beside those of the parts that it needs. */
  readonly machines: readonly MachineName[];
  /** Why it cannot be played on this machine, in a line: then it is skipped, and nothing of it counts as passed. */
  readonly missing?: () => string | undefined;
  /** True: it takes the ground away from others, and is played after what closes them. */
  readonly isLast?: boolean;
  /**
   * Gives the steps. `closing` is played when all parts have been, in the same order: for what
   * goes on in between, such as a writer. Must touch no machine itself.
   */
  begin(stage: Stage): { readonly steps: readonly Step[]; readonly closing?: readonly Step[] };
};
