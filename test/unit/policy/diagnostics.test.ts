import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXAMPLE, edit, messagesOf } from "./example.ts";

/** Line numbers are of one layout of the file; the rest of a message is not. */
const withoutLines = (text: string): string =>
  text
    .replaceAll(/policy\.yaml:\d+/g, "policy.yaml:N")
    .replaceAll(/^ +\d+ \|/gm, " N |")
    .replaceAll(/\(line \d+\)/g, "(line N)")
    .replaceAll(/^ +(?=[|=])/gm, "    ");

const printed = readFileSync(new URL("diagnostics.txt", import.meta.url), "utf8")
  .split("\n\n")
  .map((block) => block.trimEnd());

const EDITS: readonly (readonly [string, string])[] = [
  ["to: root-admins, issue: ssh-user", "to: root-admin, issue: ssh-user"],
  ["lifetime: 12h, extensions", "lifetme: 12h, extensions"],
  ["[root], lifetime: 4h, source", "[root], lifetime: 48h, source"],
  ["[ceph-ops, kube-ops]", "[ceph-ops, root]"],
  ["[<fqdn>, s3.<domain>,", '[<fqdn>, "^s3.*<domain>$",'],
  [
    "kubelet:                 { to: [master, worker]",
    "kubelet:                 { to: [master, worker, supervisor]",
  ],
  ["address: 10.18.60.33", "address: 10.18.60.23"],
];

describe("one edit of the example", () => {
  test.each(EDITS.map((change, index) => ({ change, want: printed[index] ?? "" })))(
    "$change.1",
    ({ change: [from, to], want }) => {
      expect(messagesOf(edit(EXAMPLE, from, to)).map(withoutLines)).toEqual([withoutLines(want)]);
    },
  );

  test("every printed message has its edit", () => {
    expect(printed).toHaveLength(EDITS.length);
  });
});
