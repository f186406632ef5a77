import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { placeCommands } from "../../../systemd/packages/archive.ts";
import {
  debianArchitecture,
  formatChangelog,
  formatControl,
} from "../../../systemd/packages/control.ts";
import { unitTree } from "../../../systemd/packages/contents.ts";
import { placeFront } from "../../../systemd/packages/fronts.ts";
import { formatCopyright, readRuntimeLicence } from "../../../systemd/packages/licences.ts";
import { readManifest } from "../../../systemd/packages/manifest.ts";
import { placeModule } from "../../../systemd/packages/own-place.ts";
import { link, mergeTrees, program, text, writeTree } from "../../../systemd/packages/tree.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";

describe("the own place of a module", () => {
  const entries = new Map([["keys/signer/main.ts", "lib/keysigner/keysigner.js"]]);
  const place = (code: string) => placeModule("client/commands/context.ts", code, entries);

  test("a file keeps its place below the root, and is taken along", () =>
    expect(place(`new URL("../recipes/", import.meta.url)`)).toEqual({
      code: `new URL("../../client/recipes/", import.meta.url)`,
      resources: ["client/recipes/"],
    }));
  test("the source of an entry becomes its bundle, and is not taken along", () =>
    expect(place(`new URL("../../keys/signer/main.ts", import.meta.url)`)).toEqual({
      code: `new URL("../../lib/keysigner/keysigner.js", import.meta.url)`,
      resources: [],
    }));
  test.for([
    `join(import.meta.dirname, "recipes")`,
    `new URL(name, import.meta.url)`,
    `new URL("a", import.meta.url); createRequire(import.meta.url)`,
  ])("another way to it ends the build: %s", (code) =>
    expect(() => place(code)).toThrow("client/commands/context.ts: import.meta is only understood"),
  );
});

describe("fronts", () => {
  test.for([
    ["keyserver", "server/bin/keyserver"],
    ["keyclient", "client/bin/keyclient"],
    ["keyreq", "client/bin/keyreq"],
  ])("%s starts its bundle on the packages' runtime", ([name = "", path = ""]) => {
    const placed = placeFront(name, readFileSync(join(CHECKOUT, path), "utf8"));
    expect(placed).toContain(`"$here/../../node"`);
    expect(placed).toContain(`"$here/../../lib/${name}/${name}.js" "$@"`);
  });
  test.for([
    `exec node "$here/../keyclient.ts"`,
    `exec "$here/../../node_modules/.bin/node" "$here/../other.ts"`,
    `exec "$here/../../node_modules/x" "$here/../keyreq.ts"`,
  ])("one that would reach into a checkout ends the build: %s", (front) =>
    expect(() => placeFront("keyreq", front)).toThrow("keyreq: its front does not start"),
  );
});

describe("control", () => {
  const control = {
    package: "keyreq",
    version: "1.2.3",
    architecture: "amd64",
    depends: ["a (= 1.2.3)", "b"],
    section: "admin",
    summary: "one line",
    description: [`${"word ".repeat(30)}end`, "second"],
  };
  test("has every field that dpkg needs, and none that is empty", () => {
    const lines = formatControl(control, 7).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining(["Package: keyreq", "Installed-Size: 7", "Depends: a (= 1.2.3), b"]),
    );
    expect(lines.filter((line) => /: *$/.test(line))).toEqual([]);
  });
  test("a description's lines begin with a space, a new paragraph with a dot, none is long", () => {
    const [, said = ""] = formatControl(control, 7).split("Description: ");
    const [summary, ...lines] = said.trimEnd().split("\n");
    expect(summary).toBe("one line");
    expect(lines.filter((line) => !line.startsWith(" ") || line.length > 80)).toEqual([]);
    expect(lines.slice(-2)).toEqual([" .", " second"]);
  });
  test("a machine that nobody has built on is refused", () => {
    expect(debianArchitecture("x64")).toBe("amd64");
    expect(() => debianArchitecture("riscv64")).toThrow("no packages for riscv64");
  });
  test("the changelog's date is the one given", () =>
    expect(formatChangelog("1.2.3", 0)).toContain(">  Thu, 01 Jan 1970 00:00:00 +0000\n"));
});

describe("trees", () => {
  test("two files with one path end the build", () =>
    expect(() => mergeTrees([new Map([["a", text("")]]), new Map([["a", text("")]])])).toThrow(
      "two files for a",
    ));
  test("no umask has a say in modes", () => {
    const above = mkdtempSync(join(tmpdir(), "keysystem-"));
    const folder = join(above, "root");
    const before = process.umask(0o077);
    try {
      const tree = new Map([
        ["d/run", program("")],
        ["d/read", text("")],
        ["e/link", link("../d/run")],
      ]);
      writeTree(folder, tree);
      const modes = [".", "d", "d/run", "d/read", "e/link"].map(
        (path) => statSync(join(folder, path)).mode & 0o777,
      );
      expect(modes).toEqual([0o755, 0o755, 0o755, 0o644, 0o755]);
    } finally {
      process.umask(before);
      rmSync(above, { recursive: true });
    }
  });
});

describe("licences", () => {
  test("the pinned runtime's is here", () => {
    const version = readManifest(CHECKOUT).dependencies["node"] ?? "";
    expect(readRuntimeLicence(CHECKOUT, version)).toContain("Node.js is licensed");
    expect(() => readRuntimeLicence(CHECKOUT, "0.0.1")).toThrow("node-0.0.1.txt is missing");
  });
  test("Debian's own texts are named, every other is there in full", () => {
    const apache =
      "Apache License\n Version 2.0, January 2004\nlong\nEND OF TERMS AND CONDITIONS\n\nby me";
    const gpl = "BSD\n\n        GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\nlong\nlong";
    const said = formatCopyright([
      { name: "a 1.0.0", licence: "Apache-2.0", text: apache },
      { name: "f 1.0.0", licence: "BSD or GPL", text: gpl },
      { name: "m 1.0.0", licence: "MIT", text: "the text of m" },
    ]);
    expect(said).not.toContain("long");
    for (const part of ["by me", "BSD", "the text of m", "common-licenses/Apache-2.0"]) {
      expect(said).toContain(part);
    }
  });
});

describe("units", () => {
  test("each is in one package, and none is forgotten", () => {
    const server = [...unitTree(CHECKOUT, ["keyserver", "keysigner"]).keys()];
    const client = [...unitTree(CHECKOUT, ["keyclient"]).keys()];
    expect(server).toContain("lib/systemd/system/keysigner.socket");
    expect(client).toContain("lib/systemd/system/keyclient.timer");
    expect([...server, ...client].sort()).toEqual([...unitTree(CHECKOUT, [""]).keys()].sort());
  });
  test("the archive's run what is in it, and name no page that is not", () => {
    const units = [...unitTree(CHECKOUT, ["keyclient"]).values()];
    const placed = units.map((unit) =>
      placeCommands(unit.kind === "file" ? Buffer.from(unit.content).toString() : ""),
    );
    expect(placed.join("")).toContain("ExecStart=/opt/keysystem/client/bin/keyclient once");
    expect(placed.join("")).not.toMatch(/\/usr\/(?:bin|lib|share)\//);
  });
});
