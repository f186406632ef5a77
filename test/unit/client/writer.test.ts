import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectory } from "../../../client/files/held-directory.ts";
import { installGeneration } from "../../../client/files/install.ts";
import { replaceFile } from "../../../client/files/replace-file.ts";
import { diskAt, makeRoot, OWN, put } from "./scratch.ts";

const CONTENT = Buffer.from("new");
const isRoot = OWN.uid === 0;

function attack(
  name: string,
  prepare: (root: string) => void,
): { readonly run: () => void; readonly root: string } {
  const root = makeRoot();
  mkdirSync(join(root, "etc/web"), { recursive: true });
  put(root, "outside/victim", "untouched");
  prepare(root);
  const run = (): void => void replaceFile(diskAt(root), `/etc/web/${name}`, CONTENT, OWN);
  return { run, root };
}

test.for([
  {
    name: "a symbolic link",
    prepare: (root: string) => symlinkSync(join(root, "outside/victim"), join(root, "etc/web/key")),
    says: /is a symbolic link/,
  },
  {
    name: "a dangling symbolic link",
    prepare: (root: string) => symlinkSync(join(root, "outside/new"), join(root, "etc/web/key")),
    says: /is a symbolic link/,
  },
  {
    name: "a hard link",
    prepare: (root: string) => linkSync(join(root, "outside/victim"), join(root, "etc/web/key")),
    says: /is hard-linked from 1 more/,
  },
  {
    name: "a FIFO",
    prepare: (root: string) => void execFileSync("mkfifo", [join(root, "etc/web/key")]),
    says: /is not a regular file/,
  },
  {
    name: "a folder",
    prepare: (root: string) => mkdirSync(join(root, "etc/web/key")),
    says: /is not a regular file/,
  },
  {
    name: "a file in a folder that is a link",
    prepare: (root: string) => {
      renameSync(join(root, "etc/web"), join(root, "etc/real"));
      symlinkSync(join(root, "etc/real"), join(root, "etc/web"));
    },
    says: /\/etc\/web: is a symbolic link/,
  },
  {
    name: "a file under a link further up",
    prepare: (root: string) => {
      renameSync(join(root, "etc"), join(root, "real"));
      symlinkSync("real", join(root, "etc"));
    },
    says: /\/etc: is a symbolic link/,
  },
  {
    name: "a file in a folder that everyone can write to",
    prepare: (root: string) => chmodSync(join(root, "etc/web"), 0o777),
    says: /can be written by others/,
  },
  {
    name: "a file in a folder that a group can write to",
    prepare: (root: string) => chmodSync(join(root, "etc"), 0o775),
    says: /\/etc: can be written by others/,
  },
  {
    name: "a file in a sticky folder",
    prepare: (root: string) => chmodSync(join(root, "etc/web"), 0o1777),
    says: /can be written by others/,
  },
])("$name is refused and nothing is changed", ({ prepare, says }) => {
  const { run, root } = attack("key", prepare);
  expect(run).toThrow(says);
  expect(readFileSync(join(root, "outside/victim"), "utf8")).toBe("untouched");
  expect(readdirSync(join(root, "outside"))).toEqual(["victim"]);
});

test.skipIf(!isRoot).for([
  {
    name: "a folder of another user",
    prepare: (root: string) => chownSync(join(root, "etc/web"), 4242, 4242),
  },
  {
    name: "a folder above of another user",
    prepare: (root: string) => chownSync(join(root, "etc"), 4242, 4242),
  },
  {
    name: "a file of another user",
    prepare: (root: string) => {
      put(root, "etc/web/key", "theirs");
      chownSync(join(root, "etc/web/key"), 4242, 4242);
    },
  },
])("$name is refused", ({ prepare }) => {
  const { run } = attack("key", prepare);
  expect(run).toThrow(/belongs to another user \(uid 4242\)/);
});

test.for([
  "/etc/web/../../escaped",
  "relative",
  "/etc//web/key",
  "/etc/./key",
  "/etc/we\u0000b/key",
  "/etc/w\nb/key",
])("the path %j is refused", (path) => {
  const root = makeRoot();
  mkdirSync(join(root, "etc/web"), { recursive: true });
  expect(() => replaceFile(diskAt(root), path, CONTENT, OWN)).toThrow(/plain absolute path/);
  expect(readdirSync(root)).toEqual(["etc"]);
});

test("a folder that is swapped while it is held leads nowhere else", () => {
  const root = makeRoot();
  mkdirSync(join(root, "etc/web"), { recursive: true });
  mkdirSync(join(root, "outside"));
  const swap = (name: string): void => {
    if (name !== "create key") return;
    renameSync(join(root, "etc/web"), join(root, "etc/moved"));
    symlinkSync(join(root, "outside"), join(root, "etc/web"));
  };
  replaceFile(diskAt(root, swap), "/etc/web/key", CONTENT, OWN);
  expect(readdirSync(join(root, "outside"))).toEqual([]);
  expect(readdirSync(join(root, "etc/moved"))).toEqual(["key"]);
});

test("a link planted where the new file is staged is not followed", () => {
  const root = makeRoot();
  mkdirSync(join(root, "etc/web"), { recursive: true });
  put(root, "outside/victim", "untouched");
  const staged = join(root, "etc/web/.key.keyclient-new");
  const plant = (name: string): void => {
    if (name === "create key") symlinkSync(join(root, "outside/victim"), staged);
  };
  expect(() => replaceFile(diskAt(root, plant), "/etc/web/key", CONTENT, OWN)).toThrow(/EEXIST/);
  expect(readFileSync(join(root, "outside/victim"), "utf8")).toBe("untouched");
  expect(existsSync(staged)).toBe(false);
});

test.skipIf(!isRoot)(
  "owner, group and mode stand before the first byte, whatever the umask",
  () => {
    const root = makeRoot();
    mkdirSync(join(root, "etc/web"), { recursive: true });
    const staged = join(root, "etc/web/.key.keyclient-new");
    const seen: unknown[] = [];
    const look = (name: string): void => {
      if (name !== "write key") return;
      const { size, mode, uid, gid } = statSync(staged);
      seen.push({ size, mode: mode & 0o7777, uid, gid });
    };
    const before = process.umask(0);
    try {
      replaceFile(diskAt(root, look), "/etc/web/key", CONTENT, {
        uid: 4242,
        gid: 4343,
        mode: 0o640,
      });
    } finally {
      process.umask(before);
    }
    expect(seen).toEqual([{ size: 0, mode: 0o640, uid: 4242, gid: 4343 }]);
  },
);

test("an identical file is left alone, another mode is not", () => {
  const root = makeRoot();
  put(root, "etc/key", "new", 0o600);
  const { ino } = statSync(join(root, "etc/key"));
  expect(replaceFile(diskAt(root), "/etc/key", CONTENT, OWN)).toBe(false);
  expect(statSync(join(root, "etc/key")).ino).toBe(ino);
  chmodSync(join(root, "etc/key"), 0o644);
  expect(replaceFile(diskAt(root), "/etc/key", CONTENT, OWN)).toBe(true);
  expect(statSync(join(root, "etc/key")).mode & 0o777).toBe(0o600);
});

const file = (path: string, text: string) => ({
  path,
  uid: OWN.uid,
  gid: OWN.gid,
  mode: 0o600,
  content: Buffer.from(text).toString("base64"),
});

test.for(["create", "write", "sync", "rename"])(
  "when the disk does not take the certificate at %s, the old pair stands and nothing is left over",
  (operation) => {
    const root = makeRoot();
    put(root, "etc/web/key", "old key", 0o600);
    put(root, "etc/web/crt", "old crt", 0o600);
    const full = (name: string): void => {
      if (name === `${operation} crt`)
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    };
    const files = [file("/etc/web/key", "new key"), file("/etc/web/crt", "new crt")];
    const install = (): void =>
      installGeneration(diskAt(root, full), { schema: 1, grant: "web", files });
    expect(install).toThrow(/\/etc\/web\/crt: no space left/);
    expect(readFileSync(join(root, "etc/web/key"), "utf8")).toBe("old key");
    expect(readFileSync(join(root, "etc/web/crt"), "utf8")).toBe("old crt");
    const left = readdirSync(join(root, "etc/web")).filter((name) => name.startsWith("."));
    expect(left).toEqual(operation === "rename" ? [".crt.keyclient-new"] : []);
  },
);

test("one refused file of a generation keeps all others from being written", () => {
  const root = makeRoot();
  put(root, "etc/web/key", "old key", 0o600);
  writeFileSync(join(root, "victim"), "untouched");
  symlinkSync(join(root, "victim"), join(root, "etc/web/crt"));
  const files = [file("/etc/web/key", "new key"), file("/etc/web/crt", "new crt")];
  expect(() => installGeneration(diskAt(root), { schema: 1, grant: "web", files })).toThrow(
    /symbolic/,
  );
  expect(readFileSync(join(root, "etc/web/key"), "utf8")).toBe("old key");
});

test("a missing folder is made only where it may be", () => {
  const root = makeRoot();
  expect(() => openDirectory(diskAt(root), "/etc/web", {})).toThrow(/ENOENT/);
  openDirectory(diskAt(root), "/etc/web", { create: 0o755 }).close();
  expect(statSync(join(root, "etc/web")).mode & 0o777).toBe(0o755);
});
