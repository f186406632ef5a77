import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  addKubeContext,
  cutKubeContext,
  isEmptyKubeConfig,
  KubeConfigError,
  type KubeEntry,
} from "../../../client/request/setup/kube.ts";
import { execVersionOf, findExecVersion } from "../../../client/request/setup/kubectl.ts";
import { addSshConfig, cutSshConfig, formatSshConfig } from "../../../client/request/setup/ssh.ts";
import { runOk } from "../../harness/command.ts";
import { makePerson } from "./ssh-user.ts";

const INCLUDE = "/people/cela/.local/share/key system/ssh_config";

describe("~/.ssh/config", () => {
  const anyText = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          "Host *\n",
          "  User x\r\n",
          "\n",
          "Match all",
          "# keysystem\n",
          "\t",
          "\uFEFF",
          "é\n",
          "\r",
        ),
      )
      .map((parts) => Buffer.from(parts.join(""))),
  );

  test("added once however often, and cut out to the byte", () => {
    fc.assert(
      fc.property(anyText, (bytes) => {
        const old = Buffer.from(bytes);
        const added = addSshConfig(old, INCLUDE);
        expect(added.subarray(0, old.length).equals(old)).toBe(true);
        expect(addSshConfig(added, INCLUDE).equals(added)).toBe(true);
        const cut = cutSshConfig(added, INCLUDE);
        const isEnded = old.length === 0 || old.at(-1) === 10;
        const newline = old.includes("\r\n") ? "\r\n" : "\n";
        expect(cut.toString("latin1")).toBe(old.toString("latin1") + (isEnded ? "" : newline));
      }),
    );
  });

  test("begins a line of its own behind what has no end, in the file's own way of ending lines", () => {
    expect(addSshConfig(Buffer.from("Host *\n  User x"), INCLUDE).toString()).toBe(`Host *
  User x
# keysystem: added by keyreq setup; keyreq forget --setup takes it away
Match all
    Include "${INCLUDE}"
`);
    const windows = addSshConfig(Buffer.from("Host *\r\n"), INCLUDE).toString();
    expect(windows.replaceAll("\r\n", "")).not.toContain("\n");
  });

  test("keeps what others wrote around our lines, and their own blocks", () => {
    const added = addSshConfig(Buffer.from("# mine\n"), INCLUDE).toString();
    const text = `# first\n${added}Match all\n  User x\n# keysystem: added by keyreq setup; not quite\n`;
    expect(cutSshConfig(Buffer.from(text), INCLUDE).toString()).toBe(
      "# first\n# mine\nMatch all\n  User x\n# keysystem: added by keyreq setup; not quite\n",
    );
  });

  test.for([
    `/people/c"e`,
    "/people/c'e",
    "/people/c%e",
    "/people/c*e",
    "/people/$HOME",
    "/people/c\\e",
    "/people/a\nb",
  ])("refuses a folder that ssh_config cannot name: %s", (folder) => {
    expect(() => addSshConfig(Buffer.alloc(0), `${folder}/ssh_config`)).toThrow("cannot");
    const paths = { front: "/f", data: folder };
    const cluster = { name: "c", domain: "d", knownHosts: "/k", sshIdentities: "/i" };
    expect(() => formatSshConfig([cluster], paths)).toThrow("cannot");
  });
});

const ENTRY: KubeEntry = {
  cluster: "hyades",
  server: "https://api.hyades.example.edu:6443",
  anchors: "/people/cela/.local/share/keysystem/hyades/anchors/kubernetes.pem",
  command: "/usr/bin/keyreq",
  args: ["--cluster", "hyades", "kube", "--exec-credential"],
  version: "v1",
};

/** As kubectl writes it, and as people do. */
const KUBECTL = `apiVersion: v1
clusters:
- cluster:
    server: https://elsewhere   # why
  name: other
contexts:
- context:
    cluster: other
    user: other
  name: other
current-context: other
kind: Config
preferences: {}
users:
- name: other
  user:
    token: 012
    client-key-data: ${"QUJD".repeat(60)}
`;
const PEOPLE = `# kept in git
kind: Config
apiVersion: v1

clusters:
  # the old one
  - name: "other"
    cluster: { server: "https://elsewhere" }   # flow

users: []   # none yet
contexts:
current-context: ""
# end`;
const JSON_FILE =
  '{"kind":"Config","clusters":[{"name":"hyades","cluster":{"server":"https://x"}}]}\n';

describe("kubeconfig", () => {
  test.for([
    ["kubectl's", KUBECTL],
    ["people's", PEOPLE],
    ["with CRLF", KUBECTL.replaceAll("\n", "\r\n")],
    ["JSON", JSON_FILE],
    ["nearly empty", "apiVersion: v1\nkind: Config\n"],
    ["without a last newline", KUBECTL.trimEnd()],
    ["behind a marker", `---\n${KUBECTL}`],
  ] as const)("%s: keeps every line that is there, and adds once", ([, text]) => {
    const added = addKubeContext(text, ENTRY);
    expect(addKubeContext(added, ENTRY)).toBe(added);
    const lines = added.split(/\r?\n/);
    if (text !== JSON_FILE) {
      for (const line of text
        .split(/\r?\n/)
        .filter((each) => !/^(?:users: \[\]|current-context: "")/.test(each))) {
        expect(lines).toContain(line);
      }
      if (text.includes("\r\n")) expect(added.replaceAll("\r\n", "")).not.toContain("\n");
    } else {
      expect(() => JSON.parse(added)).not.toThrow();
    }
    const old = parse(text);
    const now = parse(added);
    expect(now.clusters).toHaveLength((old.clusters ?? []).length + 1);
    const cut = cutKubeContext(added, "hyades");
    const rest = parse(cut);
    for (const list of ["clusters", "users", "contexts"]) {
      expect(rest[list] ?? []).toEqual(old[list] ?? []);
    }
    expect(cutKubeContext(cut, "hyades")).toBe(cut);
    expect(cut).not.toContain("keysystem");
  });

  test("kubectl's comes back to the byte, values that YAML reads otherwise included", () => {
    expect(cutKubeContext(addKubeContext(KUBECTL, ENTRY), "hyades")).toBe(KUBECTL);
  });

  test("any lists of others come back to the byte", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/);
    const item = fc.record({
      name,
      comment: fc.boolean(),
      token: fc.constantFrom("012", "'x: y'", "~", '"\\u0041"'),
    });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), fc.constantFrom("", "  "), (items, indent) => {
        const users = items
          .map(({ name: user, comment, token }) => [
            `- name: ${user}${comment ? " # c" : ""}`,
            "  user:",
            `    token: ${token}`,
          ])
          .flat()
          .map((line) => indent + line);
        const text = `kind: Config\nclusters:\n${indent}- name: x\n${indent}  cluster: {}\ncontexts:\n${indent}- name: x\n${indent}  context: {}\ncurrent-context: x\nusers:\n${users.join("\n")}\n`;
        const added = addKubeContext(text, ENTRY);
        expect(added).not.toBe(text);
        expect(cutKubeContext(added, "hyades")).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  test("takes another name where somebody else has it, and keeps to it", () => {
    const text = KUBECTL.replace("name: other\n  user", "name: hyades\n  user");
    const added = addKubeContext(text, ENTRY);
    expect(parse(added).contexts.at(-1)).toMatchObject({
      name: "keysystem-hyades",
      context: { cluster: "keysystem-hyades", user: "keysystem-hyades" },
    });
    expect(addKubeContext(added, ENTRY)).toBe(added);
    expect(cutKubeContext(added, "hyades")).toBe(text);
  });

  test("follows another server, and keeps the order of everything else", () => {
    const added = addKubeContext(KUBECTL, ENTRY);
    const moved = addKubeContext(added, { ...ENTRY, server: "https://api2" });
    expect(parse(moved).clusters.map((each: { name: string }) => each.name)).toEqual([
      "other",
      "hyades",
    ]);
    expect(moved).toContain("https://api2");
    expect(moved).not.toContain(ENTRY.server);
    expect(cutKubeContext(moved, "hyades")).toBe(KUBECTL);
  });

  test("a second cluster stands beside the first", () => {
    const both = addKubeContext(addKubeContext(undefined, ENTRY), {
      ...ENTRY,
      cluster: "pleiades",
    });
    expect(parse(both)["current-context"]).toBe("hyades");
    expect(parse(cutKubeContext(both, "hyades")).contexts).toHaveLength(1);
    expect(isEmptyKubeConfig(cutKubeContext(cutKubeContext(both, "pleiades"), "hyades"))).toBe(
      true,
    );
    expect(isEmptyKubeConfig(KUBECTL)).toBe(false);
  });

  test.for([
    ["broken", "clusters: [\n"],
    ["twice the same key", "clusters: []\nclusters: []\n"],
    ["a list", "- a\n"],
    ["text", "hello\n"],
    ["another kind", "kind: Pod\n"],
    ["clusters that are no list", "clusters: {}\n"],
    ["two documents", "kind: Config\n---\nkind: Config\n"],
    ["a list that is meant twice", "clusters: &c\n- name: x\n  cluster: {}\nextra: *c\n"],
    ["indented keys", "  kind: Config\n  clusters:\n  - name: x\n"],
  ] as const)("%s is left alone", ([, text]) => {
    expect(() => addKubeContext(text, ENTRY)).toThrow(KubeConfigError);
  });

  test("kubectl reads it, rewrites it, and nothing has to be added then", async () => {
    const { home } = makePerson();
    const file = join(home, "config");
    const plain = KUBECTL.replace("012", "abc");
    writeFileSync(file, addKubeContext(plain, ENTRY), { mode: 0o600 });
    const env = { PATH: process.env["PATH"] ?? "", HOME: home, KUBECONFIG: file };
    const view = await runOk("kubectl", ["config", "view", "-o", "json"], { env });
    const { users } = JSON.parse(view);
    expect(users.find((each: { name: string }) => each.name === "hyades").user.exec).toMatchObject({
      apiVersion: "client.authentication.k8s.io/v1",
      command: "/usr/bin/keyreq",
      args: ENTRY.args,
      provideClusterInfo: false,
    });
    // One older than 1.22 knows no interactiveMode, and writes a file without it.
    if ((await findExecVersion(env)) === "v1beta1") return;
    await runOk("kubectl", ["config", "use-context", "hyades"], { env });
    const rewritten = await runOk("cat", [file]);
    expect(addKubeContext(rewritten, ENTRY)).toBe(rewritten);
    expect(cutKubeContext(rewritten, "hyades")).not.toContain("hyades");
  });

  test.for([
    ["v1.21.14", "v1beta1"],
    ["v1.20.2+debian", "v1beta1"],
    ["v1.22.0", "v1"],
    ["v1.32.4-dispatcher", "v1"],
    ["v2.0.0", "v1"],
    ["", "v1"],
  ] as const)("kubectl %s takes %s", ([version, wanted]) => {
    expect(execVersionOf(`{"clientVersion":{"gitVersion":"${version}"}}`)).toBe(wanted);
  });
});
