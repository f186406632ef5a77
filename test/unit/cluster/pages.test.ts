import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CEPH_LINES } from "../../cluster/ceph.ts";
import { documentedLines } from "../../cluster/documented.ts";
import { etcdctl, formatEtcdDefaults } from "../../cluster/etcd.ts";
import { MACHINES } from "../../cluster/site.ts";
import { SSHD_LINES } from "../../cluster/sshd.ts";
import { CHECKOUT } from "../../harness/source-tree.ts";

const read = (path: string): string => readFileSync(join(CHECKOUT, path), "utf8");

/** The indented blocks of a page, in their order. */
const blocksOf = (page: string): readonly string[] =>
  [...read(`docs/${page}`).matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) =>
    block.replaceAll(/^ {4}/gm, ""),
  );

const squeeze = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** The policies that tests apply. */
const POLICIES = ["test/fixtures/policy.example.yaml", "test/cluster/policy.yaml"].map((path) =>
  squeeze(read(path)),
);

/** Whether every line of a block is in a policy that is tested. */
const isPolicy = (block: string): boolean =>
  block
    .trimEnd()
    .split("\n")
    .every((line) => POLICIES.some((policy) => policy.includes(squeeze(line))));

/** A shipped recipe without what is said at its head. */
const shipped = (grant: string): string =>
  read(`client/recipes/${grant}.yaml`).replaceAll(/^#.*\n/gm, "");

const m1 = MACHINES.find(({ name }) => name === "m1");
const lines = (page: string, lead: string): string => `${documentedLines(page, lead).join("\n")}\n`;

/** What the story, or another test, types and writes: the pages say nothing else to type or write. */
const PAGES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "ceph.md": [
    ["recipe ceph-dashboard", shipped("ceph-dashboard")],
    ["the account", CEPH_LINES.account],
    ["the dashboard", CEPH_LINES.dashboard],
    ["recipe ceph-rgw", shipped("ceph-rgw")],
    ["ceph.conf", CEPH_LINES.gateway],
    ["the gateway's unit", CEPH_LINES.unit],
    ["recipe cephadm-ssh", shipped("cephadm-ssh")],
    ["the recipe in its place", CEPH_LINES.sshRecipe],
    ["ssh to a host", CEPH_LINES.ssh],
  ],
  "etcd.md": [
    ["recipe etcd-server", shipped("etcd-server")],
    ["recipe etcd-peer", shipped("etcd-peer")],
    ["recipe etcd-client", shipped("etcd-client")],
    [
      "/etc/default/etcd",
      formatEtcdDefaults("m1", m1?.address ?? "").replace(/^# Three members[^]*/m, ""),
    ],
    ["start", "systemctl start etcd\n"],
    [
      "etcdctl",
      `${etcdctl(["m1"], "endpoint", "health").slice(1).join(" ").replace("--command-timeout=10s ", "")}\n`,
    ],
  ],
  "ssh.md": [
    ["recipe ssh-host", shipped("ssh-host")],
    ["sshd's lines", SSHD_LINES],
    ["a person's machine", lines("install.md", "## A person's machine")],
    ["the hosts' authority", "keyserver authority export ssh-host --ssh\n"],
  ],
};

describe.for(Object.entries(PAGES))("docs/%s", ([page, played]) => {
  const blocks = blocksOf(page);

  test.for(played)("%s is as it is played", ([, text]) => {
    expect(blocks).toContain(text);
  });

  test("shows policy lines as they are tested, and nothing else that nobody plays", () => {
    const known = new Set(played.map(([, text]) => text));
    const others = blocks.filter((block) => !known.has(block));
    expect(others.filter((block) => !isPolicy(block))).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
  });
});

test("the story starts etcd with the page's words", () => {
  expect(read("test/cluster/story/etcd.ts")).toContain('"systemctl start etcd"');
});
