import { join } from "node:path";
import { expect, test } from "vitest";
import { readAccounts } from "../../../client/recipe/accounts.ts";
import { readCookbook } from "../../../client/recipe/cookbook.ts";
import { makeRoot, put } from "./scratch.ts";

const SHIPPED = join(import.meta.dirname, "../../../client/recipes");
const CEPH = "/etc/ceph/ceph.client.keysystem.keyring";
const CEPHADM = "/etc/ceph/ceph.client.keysystem-ssh.keyring";
const GOOD = "grant: web\nfiles: { key: /etc/web/key.pem, certificate: /etc/web/crt.pem }\n";

function cookbookOf(
  files: Readonly<Record<string, string>>,
  shipped = "/nowhere",
  { node = "s1", there = [CEPH, CEPHADM] }: { node?: string; there?: readonly string[] } = {},
) {
  const root = makeRoot();
  for (const [name, text] of Object.entries(files)) put(root, `recipes/${name}`, text);
  put(
    root,
    "passwd",
    "root:x:0:0::/root:/bin/sh\netcd:x:104:105::/:/bin/false\nceph:x:64045:64045::/:/bin/false\n",
  );
  put(root, "group", "root:x:0:\netcd:x:105:\nceph:x:64045:\n");
  const accounts = readAccounts(join(root, "passwd"), join(root, "group"));
  const household = { accounts, node, exists: (path: string) => there.includes(path) };
  return readCookbook({ local: join(root, "recipes"), shipped }, household);
}

test.for([
  { name: "no grant", text: "files: { key: /a/k, certificate: /a/c }\n", says: /grant/ },
  { name: "no files", text: "grant: web\n", says: /files/ },
  { name: "a misspelt key", text: `${GOOD}onwer: root\n`, says: /:3:1: .*owner/ },
  { name: "a shell line as reload", text: `${GOOD}reload: systemctl reload web\n`, says: /reload/ },
  { name: "an empty reload", text: `${GOOD}reload: []\n`, says: /reload/ },
  { name: "a reload of no commands", text: `${GOOD}reload: [[]]\n`, says: /reload/ },
  { name: "words beside commands", text: `${GOOD}reload: [a, [b, c]]\n`, says: /reload/ },
  {
    name: "nine commands",
    text: `${GOOD}reload: [${"[a], ".repeat(9)}]\n`,
    says: /reload/,
  },
  {
    name: "NUL in a second command",
    text: `${GOOD}reload: [[a], [b, "c\\0"]]\n`,
    says: /NUL/,
  },
  { name: "a need of no path", text: `${GOOD}needs: ceph.conf\n`, says: /needs/ },
  { name: "a need with ..", text: `${GOOD}needs: /etc/../x\n`, says: /plain absolute path/ },
  { name: "a key for everyone", text: `${GOOD}mode: "0644"\n`, says: /mode 0644 lets everyone/ },
  { name: "a mode that is a number", text: `${GOOD}mode: 600\n`, says: /mode/ },
  { name: "a mode with set-uid", text: `${GOOD}mode: "4600"\n`, says: /mode/ },
  {
    name: "a relative path",
    text: "grant: web\nfiles: { key: k, certificate: /c/c }\n",
    says: /key/,
  },
  {
    name: "a path with ..",
    text: "grant: web\nfiles: { key: /etc/web/../shadow, certificate: /c/c }\n",
    says: /plain absolute path/,
  },
  {
    name: "a path with an empty name",
    text: "grant: web\nfiles: { key: /etc//k, certificate: /c/c }\n",
    says: /plain absolute path/,
  },
  {
    name: "a path with a newline",
    text: 'grant: web\nfiles: { key: "/etc/k\\n", certificate: /c/c }\n',
    says: /key/,
  },
  {
    name: "a path with NUL",
    text: 'grant: web\nfiles: { key: "/etc/k\\0", certificate: /c/c }\n',
    says: /key|NUL/,
  },
  {
    name: "a bundle with ..",
    text: `${GOOD}bundles: [{ file: /a/../b, authorities: [x] }]\n`,
    says: /plain/,
  },
  {
    name: "a bundle of nothing",
    text: `${GOOD}bundles: [{ file: /a/b, authorities: [] }]\n`,
    says: /authorities/,
  },
  { name: "a grant that is a path", text: GOOD.replace("web\n", "../web\n"), says: /grant/ },
  {
    name: "pem without certificate",
    text: "grant: web\nfiles: { key: /a/k }\n",
    says: /needs files.certificate/,
  },
  { name: "combined with a key", text: `${GOOD}form: combined\n`, says: /files.key has no place/ },
  {
    name: "ssh with a chain",
    text: "grant: web\nform: ssh\nfiles: { key: /a, certificate: /b, chain: /c }\n",
    says: /no place/,
  },
  { name: "an unknown form", text: `${GOOD}form: pkcs12\n`, says: /form/ },
  { name: "an unknown key kind", text: `${GOOD}key-kind: dsa\n`, says: /key-kind/ },
  {
    name: "a probe of two kinds",
    text: `${GOOD}probe: { tls: "a:1", ssh: "a:2" }\n`,
    says: /unknown key "ssh"/,
  },
  {
    name: "a probe with an option",
    text: `${GOOD}probe: { ssh: "-oProxyCommand=x:1" }\n`,
    says: /HOST:PORT/,
  },
  { name: "a probe without port", text: `${GOOD}probe: { tls: localhost }\n`, says: /HOST:PORT/ },
  { name: "no time at all", text: `${GOOD}timeout: 0\n`, says: /timeout/ },
  { name: "an hour", text: `${GOOD}timeout: 3600\n`, says: /timeout/ },
  {
    name: "an unknown user",
    text: `${GOOD}owner: nobody-here\n`,
    says: /user nobody-here does not exist/,
  },
  {
    name: "an unknown group",
    text: `${GOOD}group: none-such\n`,
    says: /group none-such does not exist/,
  },
  { name: "a YAML alias", text: `a: &a 1\n${GOOD}`, says: /anchor/ },
  { name: "nothing at all", text: "", says: /web.yaml/ },
])("a recipe with $name is refused and takes no other with it", ({ text, says }) => {
  const { recipes, problems } = cookbookOf({
    "web.yaml": text,
    "other.yaml": "grant: other\nfiles: { key: /o/key, certificate: /o/crt }\n",
  });
  expect(problems.map(({ message }) => message).join("\n")).toMatch(says);
  expect([...recipes.keys()]).toEqual(["other"]);
});

test("every shipped recipe is good", () => {
  const { recipes, problems, skipped } = cookbookOf({}, SHIPPED);
  expect(problems).toEqual([]);
  expect([...skipped.keys()]).toEqual([]);
  expect([...recipes.keys()].toSorted()).toEqual([
    "apiserver-to-kubelet",
    "ceph-dashboard",
    "ceph-rgw",
    "cephadm-ssh",
    "etcd-client",
    "etcd-peer",
    "etcd-server",
    "front-proxy",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
    "kubelet-serving",
    "registry",
    "ssh-host",
  ]);
  expect(recipes.get("etcd-server")).toMatchObject({ uid: 104, gid: 105, keyMode: 0o600 });
});

test("an optional recipe without its user is skipped and says why", () => {
  const { recipes, skipped, problems } = cookbookOf({
    "web.yaml": `${GOOD}owner: nobody-here\noptional: true\n`,
  });
  expect([recipes.size, problems.length]).toEqual([0, 0]);
  expect(skipped.get("web")).toBe("user nobody-here does not exist on this machine");
});

test("a recipe whose need is not there is skipped and says so; it is asked for when it is", () => {
  const without = cookbookOf({}, SHIPPED, { there: [CEPHADM] });
  expect(without.problems).toEqual([]);
  expect(without.recipes.has("ceph-dashboard")).toBe(false);
  expect([...without.skipped]).toEqual([
    ["ceph-dashboard", `${CEPH} does not exist on this machine`],
  ]);
  expect(cookbookOf({}, SHIPPED).recipes.has("ceph-dashboard")).toBe(true);
});

test("one command, or several; <node> in them is this machine's name", () => {
  const one = cookbookOf({ "web.yaml": `${GOOD}reload: [systemctl, reload, "web@<node>"]\n` });
  expect(one.recipes.get("web")?.reload).toEqual([["systemctl", "reload", "web@s1"]]);
  const two = cookbookOf({ "web.yaml": `${GOOD}reload: [[a, "<node>/<node>"], [b, "<fqdn>"]]\n` });
  expect(two.recipes.get("web")?.reload).toEqual([
    ["a", "s1/s1"],
    ["b", "<fqdn>"],
  ]);
});

test.for([{ node: "-rf" }, { node: "../m1" }, { node: "a b" }, { node: "" }, { node: "a/b" }])(
  "a node called $node gets into no command",
  ({ node }) => {
    const text = `${GOOD}reload: [systemctl, reload, "<node>"]\n`;
    const plain = "grant: other\nfiles: { key: /o/key, certificate: /o/crt }\nreload: [x]\n";
    const files = { "web.yaml": text, "other.yaml": plain };
    const { recipes, problems } = cookbookOf(files, "/nowhere", { node });
    expect([...recipes.keys()]).toEqual(["other"]);
    expect(problems[0]?.message).toContain("is no name for a command");
  },
);

test.for([{ file: "kubelet.yaml" }, { file: "mine.yaml" }])(
  "a local $file takes the place of the shipped recipe for kubelet",
  ({ file }) => {
    const text = "grant: kubelet\nfiles: { key: /my/key, certificate: /my/crt }\n";
    const { recipes, problems } = cookbookOf({ [file]: text }, SHIPPED);
    expect(problems).toEqual([]);
    expect(recipes.get("kubelet")).toMatchObject({ shipped: false, files: { key: "/my/key" } });
  },
);

test("two local recipes for one grant, or for one file, are refused", () => {
  const again = cookbookOf({ "a.yaml": GOOD, "b.yaml": GOOD });
  expect(again.problems[0]?.message).toMatch(/grant web has a recipe already/);
  const same = cookbookOf({ "a.yaml": GOOD, "b.yaml": GOOD.replace("web\n", "web2\n") });
  expect(same.problems[0]?.message).toMatch(/\/etc\/web\/key.pem is written by/);
  const bundle = cookbookOf({
    "a.yaml": GOOD,
    "b.yaml":
      "grant: b\nfiles: { key: /b/k, certificate: /b/c }\nbundles: [{ file: /etc/web/crt.pem, authorities: [x] }]\n",
  });
  expect(bundle.problems[0]?.message).toMatch(/\/etc\/web\/crt.pem is written by/);
});
