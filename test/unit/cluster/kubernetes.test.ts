import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { parseRecipe } from "../../../client/recipe/parse-recipe.ts";
import { documentedLines } from "../../cluster/documented.ts";
import { PROGRAMS, showPrograms, whyNoKubernetes } from "../../cluster/kubernetes/programs.ts";
import {
  ACCOUNT_KEY,
  BINDINGS,
  certificateOf,
  flagsOf,
  formatKubeconfig,
  kubeconfigPath,
  KUBELET_CONFIG,
  OLD_KUBELET_RECIPE,
  SERVER_YAML,
} from "../../cluster/kubernetes/settings.ts";
import { CHECKOUT, listFiles } from "../../harness/source-tree.ts";

const read = (path: string): string => readFileSync(join(CHECKOUT, path), "utf8");
const page = read("docs/kubernetes.md");
const CLIENTS = ["kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"] as const;

/** Shipped recipes by grant. */
const recipes = new Map(
  listFiles("client/recipes", ".yaml").map((path) => {
    const { text } = parseRecipe(read(path), path);
    return [text.grant, text] as const;
  }),
);

/** Everything that a recipe writes. */
const writes = (grant: string): readonly string[] => {
  const { files = {}, bundles = [] } = recipes.get(grant) ?? {};
  return [...Object.values(files), ...bundles.map(({ file }) => file)];
};

/** Rows of the page's table whose first cell matches. */
const rows = (first: RegExp): readonly (readonly string[])[] =>
  page
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
    .filter(([cell = ""]) => first.test(cell));

/** Names within back quotes, with `{key,crt}` spelt out and what has no folder put beside the one before. */
function pathsOf(cell: string): readonly string[] {
  const found: string[] = [];
  let folder = "";
  for (const [, name = ""] of cell.matchAll(/`([^`]+)`/g)) {
    const whole = name.startsWith("/") ? name : `${folder}/${name}`;
    if (name.startsWith("/")) folder = name.slice(0, name.lastIndexOf("/"));
    found.push(
      ...(whole.endsWith(".{key,crt}")
        ? ["key", "crt"].map((end) => whole.replace("{key,crt}", end))
        : [whole]),
    );
  }
  return found;
}

describe("docs/kubernetes.md and the recipes", () => {
  const grants = rows(/^`[a-z-]+`$/).filter(([, on = ""]) => on.includes("masters"));
  test("the table of files has the grants that ship for Kubernetes", () => {
    const shipped = [...recipes.keys()].filter((grant) =>
      writes(grant).some((file) => /kube/.test(file)),
    );
    expect(grants.map(([cell = ""]) => cell.replaceAll("`", "")).sort()).toEqual(shipped.sort());
  });
  test.for(grants)("%s: the files are those that its recipe writes", ([cell = "", , files = ""]) =>
    expect([...pathsOf(files)].sort()).toEqual([...writes(cell.replaceAll("`", ""))].sort()),
  );
  test("whatever a flag, a kubeconfig or the kubelet's configuration names is written by a recipe", () => {
    const said = [
      ...(
        ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"] as const
      ).flatMap(flagsOf),
      ...CLIENTS.map(formatKubeconfig),
      KUBELET_CONFIG,
    ].join("\n");
    const named = [...said.matchAll(/\/[\w/.-]+\.(?:crt|key|pub)\b/g)].map(([path]) => path);
    const known = new Set([...recipes.keys()].flatMap(writes));
    const unknown = named.filter((path) => !known.has(path) && !/\/sa\.(?:key|pub)$/.test(path));
    expect(named.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });
  test.for(CLIENTS)(
    "%s: its kubeconfig is that of the page, with files and no content",
    (client) => {
      const text = formatKubeconfig(client);
      expect(text).not.toMatch(/-data:/);
      const { users, clusters } = parse(text);
      const named: unknown = { ...users[0].user };
      const certificate = certificateOf(client);
      expect(named).toEqual({
        "client-certificate": certificate,
        "client-key": certificate.replace(/crt$/, "key"),
      });
      expect(writes(client)).toContain(certificate);
      const [row] = rows(new RegExp(`^\`${kubeconfigPath(client)}\`$`));
      if (client === "kube-controller-manager")
        expect(page).toContain(`\`${kubeconfigPath(client)}\`:`);
      else
        expect(row?.slice(1)).toEqual([
          `\`${clusters[0].cluster["certificate-authority"]}\``,
          `\`${certificate}\`, \`.key\``,
        ]);
    },
  );
  test("the recipe for an old kubelet is the shipped one with a hook", () => {
    const { reload, ...rest } = parseRecipe(OLD_KUBELET_RECIPE, "kubelet-serving.yaml").text;
    expect(rest).toEqual(recipes.get("kubelet-serving"));
    expect(reload).toEqual(["systemctl", "restart", "kubelet"]);
  });
});

test("the page has people type and write what the story does, and nothing else", () => {
  const blocks = [...page.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) =>
    block.replaceAll(/^ {4}/gm, "").trimEnd(),
  );
  const [, ...others] = blocks; // The policy, which is below.
  const played = [
    ACCOUNT_KEY,
    formatKubeconfig("kube-controller-manager"),
    ...(["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"] as const).map(
      (program) => flagsOf(program).join("\n"),
    ),
    SERVER_YAML,
    BINDINGS,
    OLD_KUBELET_RECIPE,
    "bash test/cluster/build-kubernetes.sh",
  ].map((text) => text.trimEnd());
  const unplayed = others.filter(
    (block) => !played.includes(block) && !KUBELET_CONFIG.startsWith(block),
  );
  expect(unplayed).toEqual([]);
  expect(others).toHaveLength(played.length + 1);
});

test("the page's lines of the policy are those of the example", () => {
  const squeeze = (text: string): string => text.replace(/\s+/g, " ");
  const example: unknown = parse(read("test/fixtures/policy.example.yaml")).grants;
  const lines = parse(documentedLines("kubernetes.md", "## Policy").join("\n"));
  expect(example).toMatchObject(lines);
  expect(squeeze(JSON.stringify(lines))).toContain("172.28.0.1");
});

test("the page says where the API is as server.yaml takes it", () =>
  expect(parse(SERVER_YAML)).toEqual({
    clients: { kubernetes: "https://api.hyades.example.edu:6443" },
  }));

describe("the programs of Kubernetes", () => {
  afterEach(() => vi.unstubAllEnvs());
  test("that are not there are named, with what builds them, and no machine is shown a folder", () => {
    vi.stubEnv("KEYSYSTEM_KUBERNETES", "/nonexistent");
    expect(whyNoKubernetes()).toMatch(
      /^no kube-apiserver, .* in \/nonexistent; bash test\/cluster\/build-kubernetes\.sh /,
    );
    expect(showPrograms()).toEqual([]);
  });
  test("are there when the last of them is", () => {
    const folder = mkdtempSync(join(tmpdir(), "programs-"));
    vi.stubEnv("KEYSYSTEM_KUBERNETES", folder);
    const [last, ...others] = PROGRAMS;
    for (const program of others) writeFileSync(join(folder, program), "");
    expect(whyNoKubernetes()).toMatch(new RegExp(`^no ${last} in `));
    writeFileSync(join(folder, last), "");
    expect(whyNoKubernetes()).toBeUndefined();
    expect(showPrograms()).toEqual([`--bind-ro=${folder}:/opt/kubernetes`]);
    rmSync(folder, { recursive: true });
  });
  test("that machines run are those that the script builds", () => {
    const [, built = ""] =
      /^programs="(.*)"$/m.exec(read("test/cluster/build-kubernetes.sh")) ?? [];
    expect(built.split(" ")).toEqual([...PROGRAMS]);
  });
});
