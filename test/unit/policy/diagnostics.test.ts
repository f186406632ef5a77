import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPolicy } from "../../../policy/read.ts";
import { codesOf, EXAMPLE, edit, messagesOf } from "./example.ts";

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

describe("what the file says is quoted up to a point", () => {
  const LONG = "n".repeat(300_000);
  const said = (name: string) =>
    readPolicy(edit(EXAMPLE, "to: root-admins, issue: ssh-user", `to: ${name}, issue: ssh-user`), {
      file: "policy.yaml",
    }).diagnostics;

  test("a name of eighty letters is said whole, and one more is not", () => {
    const [whole, cut] = [LONG.slice(0, 80), LONG.slice(0, 79)];
    expect(said(whole)[0]?.message).toBe(`unknown role or people group "${whole}"`);
    expect(said(`${whole}n`)[0]?.message).toBe(`unknown role or people group "${cut}…"`);
  });

  test.each([LONG, `'a"${LONG}'`, `"${LONG}\\"${LONG}"`, `[${LONG}, ${LONG}x]`])(
    "no message is long (%#)",
    (name) => {
      const diagnostics = said(name);
      expect(diagnostics).not.toEqual([]);
      for (const { message, label = "", help = "", notes } of diagnostics)
        for (const text of [message, label, help, ...notes.map((note) => note.message)])
          expect(text.length).toBeLessThanOrEqual(1000);
    },
  );

  test("help and notes are no longer", () => {
    const near = LONG.slice(0, 500);
    const text = edit(
      EXAMPLE,
      "  root-admins:",
      `  ${near}:\n    from: [kerberos:a@B]\n  root-admins:`,
    );
    const message = messagesOf(
      edit(text, "to: users, issue: ssh-user", `to: ${near}x, issue: ssh-user`),
    );
    expect(message.join("\n")).not.toContain(LONG.slice(0, 200));
  });

  test("two names that differ behind the point are two slips", () => {
    const slip = (end: string): string => `{ to: ${LONG.slice(0, 100)}${end}, fetch: a.txt }`;
    const text = edit(
      EXAMPLE,
      "  # every node\n",
      `  x: ${slip("a")}\n  y: ${slip("b")}\n  # every node\n`,
    );
    expect(codesOf(text)).toEqual(["E201", "E201"]);
  });
});

test("one slip in many places names the first and seven more", () => {
  const grants = Array.from({ length: 12 }, (_, n) => `  x${n}: { to: nobdy, fetch: a.txt }\n`);
  const text = edit(EXAMPLE, "  # every node\n", `${grants.join("")}  # every node\n`);
  const [first, ...others] = readPolicy(text, { file: "policy.yaml" }).diagnostics;
  expect(others).toEqual([]);
  const lines = first?.notes.map(({ place }) => place.line - (first?.place.line ?? 0));
  expect(lines).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
