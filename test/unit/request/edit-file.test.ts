import fc from "fast-check";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readEditable, replaceEditable } from "../../../client/request/setup/edit-file.ts";
import {
  makeChange,
  planKube,
  planSsh,
  writeSshConfig,
} from "../../../client/request/setup/plan.ts";
import { removeSetup } from "../../../client/request/setup/removal.ts";
import { writeCluster } from "../../../client/request/session/cluster.ts";
import { createOutput } from "../../../client/terminal/output.ts";
import { runOk } from "../../harness/command.ts";
import { makePerson, type Person } from "./ssh-user.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const put = (path: string, text: string | Buffer, mode = 0o600): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
};
const inodeOf = (path: string): number | undefined => {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined;
  }
};
const HINTS = { hints: ["add it by hand"] };

describe("a file of somebody else's making", () => {
  test.for([0o600, 0o644, 0o640, 0o666, 0o700, 0o4755])("keeps mode %o", (mode) => {
    const { home, uid } = makePerson();
    const path = join(home, "config");
    put(path, "old", mode);
    replaceEditable(readEditable(path, uid), Buffer.from("new"), { uid, ...HINTS });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(modeOf(path)).toBe(mode);
    expect(readdirSync(home)).toEqual(["config"]);
  });

  test("stays where its links lead, and keeps its group", () => {
    const { home, uid } = makePerson();
    put(join(home, "dotfiles/ssh"), "old");
    chownSync(join(home, "dotfiles/ssh"), uid, uid === 0 ? 7 : -1);
    const { gid } = statSync(join(home, "dotfiles/ssh"));
    symlinkSync("dotfiles/ssh", join(home, "middle"));
    symlinkSync(join(home, "middle"), join(home, "config"));
    const file = readEditable(join(home, "config"), uid);
    replaceEditable(file, Buffer.from("new"), { uid, ...HINTS });
    expect(readlinkSync(join(home, "config"))).toBe(join(home, "middle"));
    expect(readlinkSync(join(home, "middle"))).toBe("dotfiles/ssh");
    expect(lstatSync(join(home, "dotfiles/ssh")).isFile()).toBe(true);
    expect(readFileSync(join(home, "dotfiles/ssh"), "utf8")).toBe("new");
    expect(statSync(join(home, "dotfiles/ssh")).gid).toBe(gid);
  });

  test("that is not there is made for its person alone, with its folder", () => {
    const { home, uid } = makePerson();
    const path = join(home, ".ssh/config");
    replaceEditable(readEditable(path, uid), Buffer.from("new"), { uid, ...HINTS });
    expect([modeOf(dirname(path)), modeOf(path)]).toEqual([0o700, 0o600]);
  });

  test.for([
    {
      what: "a link to nothing",
      make: (path: string) => symlinkSync("nowhere", path),
      why: "is a symbolic link to nothing",
    },
    { what: "a circle of links", make: (path: string) => symlinkSync(path, path), why: "circle" },
    { what: "a folder", make: (path: string) => mkdirSync(path), why: "is not a regular file" },
    { what: "read-only", make: (path: string) => put(path, "x", 0o400), why: "is read-only" },
    {
      what: "too large",
      make: (path: string) => put(path, Buffer.alloc(1024 * 1024 + 1)),
      why: "is larger than 1 MiB",
    },
    {
      what: "hard-linked",
      make: (path: string) => {
        put(path, "x");
        linkSync(path, `${path}-2`);
      },
      why: "is hard-linked",
    },
    {
      what: "below a file",
      make: (path: string) => {
        rmSync(dirname(path), { recursive: true });
        put(dirname(path), "x");
      },
      why: "not a folder",
    },
  ])("$what: nothing is changed, and the way out is said", ({ make, why }) => {
    const { home, uid } = makePerson();
    const path = join(home, "sub/config");
    mkdirSync(dirname(path));
    make(path);
    const before = inodeOf(path);
    const file = readEditable(path, uid);
    expect(file.obstacle).toContain(why);
    expect(() => replaceEditable(file, Buffer.from("new"), { uid, ...HINTS })).toThrow(
      expect.objectContaining({ exit: 5, hints: HINTS.hints }),
    );
    expect(inodeOf(path)).toBe(before);
    expect(readdirSync(home)).toEqual(["sub"]);
  });

  test("a FIFO is not waited for", async () => {
    const { home, uid } = makePerson();
    const path = join(home, "fifo");
    await runOk("mkfifo", [path]);
    const file = readEditable(path, uid);
    expect(() => replaceEditable(file, Buffer.from("new"), { uid, ...HINTS })).toThrow(
      "not a regular file",
    );
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  test("somebody else's is left alone", () => {
    const { home, uid } = makePerson();
    const path = join(home, "config");
    put(path, "old");
    const file = readEditable(path, uid + 1);
    expect(file.obstacle).toContain("belongs to another user");
    expect(() => replaceEditable(file, Buffer.from("new"), { uid, ...HINTS })).toThrow(
      "another user",
    );
    expect(readFileSync(path, "utf8")).toBe("old");
  });

  test.for(["edited", "gone", "new"] as const)("%s meanwhile: the other's work stays", (what) => {
    const { home, uid } = makePerson();
    const path = join(home, "config");
    if (what !== "new") put(path, "old");
    const file = readEditable(path, uid);
    if (what === "gone") rmSync(path);
    else put(path, "theirs");
    expect(() => replaceEditable(file, Buffer.from("ours"), { uid, ...HINTS })).toThrow("just now");
    expect(existsSync(path) ? readFileSync(path, "utf8") : "gone").toBe(
      what === "gone" ? "gone" : "theirs",
    );
    expect(readdirSync(home)).toEqual(what === "gone" ? [] : ["config"]);
  });
});

const quiet = createOutput(
  { json: false, quiet: true, verbose: false, color: false },
  { stdout: { write: () => true }, stderr: { write: () => true } },
);

describe("setup and forget --setup", () => {
  const cluster = (person: Person, name = "hyades") =>
    writeCluster(person, {
      name,
      domain: `${name}.example.edu`,
      servers: ["m1:20557"],
      pin: `sha256:${"0".repeat(64)}`,
      people: { passwords: false, kubernetes: "https://api:6443" },
    });

  const setUp = (person: Person, name = "hyades"): void => {
    const known = cluster(person, name);
    writeSshConfig(person, [known]);
    for (const change of [planSsh(person), planKube(person, known, "v1")]) {
      if (change !== undefined && change.lines.length > 0) makeChange(person, change);
    }
  };

  test("any bytes come back", async () => {
    const person = makePerson();
    const { sshConfig } = person.places;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        put(sshConfig, Buffer.from(bytes));
        setUp(person);
        const once = readFileSync(sshConfig);
        setUp(person);
        expect(readFileSync(sshConfig).equals(once)).toBe(true);
        expect(once.equals(bytes)).toBe(false);
        await removeSetup(person, quiet);
        expect(readFileSync(sshConfig).equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
    expect(existsSync(person.places.data)).toBe(false);
  });

  test("what was not there is gone again, folders too", async () => {
    const person = makePerson();
    setUp(person);
    expect(readdirSync(person.home).toSorted((a, b) => a.localeCompare(b))).toEqual([
      ".kube",
      ".local",
      ".ssh",
    ]);
    expect(modeOf(person.places.kubeConfig)).toBe(0o600);
    await removeSetup(person, quiet);
    expect(readdirSync(person.home)).toEqual([".local"]);
    expect(readdirSync(join(person.home, ".local/share"))).toEqual([]);
  });

  test("what others wrote since stays, whatever it was before", async () => {
    const person = makePerson();
    const { sshConfig, kubeConfig } = person.places;
    put(sshConfig, "Host a\n  User b");
    setUp(person);
    writeFileSync(sshConfig, `# first\n${readFileSync(sshConfig, "utf8")}Host c\n`);
    const text = readFileSync(kubeConfig, "utf8");
    writeFileSync(kubeConfig, text.replace("users:\n", "users:\n- name: me\n  user: {}\n"));
    await removeSetup(person, quiet);
    expect(readFileSync(sshConfig, "utf8")).toBe("# first\nHost a\n  User b\nHost c\n");
    const rest = readFileSync(kubeConfig, "utf8");
    expect(rest).toContain("- name: me");
    expect(rest).not.toMatch(/hyades|keysystem/);
  });

  test("one of two clusters goes, and the other stays", async () => {
    const person = makePerson();
    setUp(person);
    setUp(person, "pleiades");
    await removeSetup({ ...person, cluster: "hyades" }, quiet);
    expect(readFileSync(person.places.kubeConfig, "utf8")).not.toContain("hyades");
    expect(readFileSync(person.places.kubeConfig, "utf8")).toContain("pleiades");
    expect(readFileSync(person.places.sshInclude, "utf8")).not.toContain("hyades");
    expect(readFileSync(person.places.sshConfig, "utf8")).toContain("Include");
    await removeSetup(person, quiet);
    expect(readdirSync(person.home)).toEqual([".local"]);
  });

  test("what cannot be changed is left, said, and does not stop the rest", async () => {
    const person = makePerson();
    const { sshConfig, kubeConfig } = person.places;
    put(sshConfig, "Host a\n");
    setUp(person);
    chmodSync(sshConfig, 0o400);
    const held = readFileSync(sshConfig, "utf8");
    await expect(async () => removeSetup(person, quiet)).rejects.toMatchObject({
      exit: 5,
      hints: [expect.stringContaining(sshConfig)],
    });
    expect(readFileSync(sshConfig, "utf8")).toBe(held);
    expect(existsSync(kubeConfig)).toBe(false);
    chmodSync(sshConfig, 0o600);
    await removeSetup(person, quiet);
    expect(readFileSync(sshConfig, "utf8")).toBe("Host a\n");
  });

  test("a kubeconfig that is broken is left alone, and the lines are said", () => {
    const person = makePerson();
    const { kubeConfig } = person.places;
    put(kubeConfig, "clusters: [\n");
    const change = planKube(person, cluster(person), "v1");
    if (change === undefined) throw new Error("no change");
    expect(() => makeChange(person, change)).toThrow(
      expect.objectContaining({ exit: 5, hints: expect.arrayContaining(["- name: hyades"]) }),
    );
    expect(readFileSync(kubeConfig, "utf8")).toBe("clusters: [\n");
  });

  test("lines that somebody added by hand need nothing, and stay", async () => {
    const person = makePerson();
    put(person.places.sshConfig, "Host a\n");
    setUp(person);
    const text = readFileSync(person.places.sshConfig, "utf8");
    // As a manager of configurations leaves it: a link to a file that nobody writes.
    rmSync(person.places.data, { recursive: true });
    const store = mkdtempSync(join(person.home, "store-"));
    put(join(store, "config"), text, 0o444);
    rmSync(person.places.sshConfig);
    symlinkSync(join(store, "config"), person.places.sshConfig);
    expect(planSsh(person)).toMatchObject({ lines: [], obstacle: undefined });
    setUp(person);
    expect(readFileSync(join(store, "config"), "utf8")).toBe(text);
    await removeSetup(person, quiet).catch(() => undefined);
    expect(readFileSync(join(store, "config"), "utf8")).toBe(text);
  });
});
