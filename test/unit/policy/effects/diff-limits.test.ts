import { describe, expect, test } from "vitest";
import { diff } from "../../../../policy/effects/diff.ts";
import { codesOf, edit, EXAMPLE, example, readSound } from "../example.ts";
import { changesOf, RULE, said, type Edit } from "./changes.ts";

/** An edit, its lines, and whether it loosens or tightens. */
type Limit = readonly [
  string,
  Edit,
  readonly string[],
  "loosens" | "tightens" | "both" | "neither",
];

describe("limits", () => {
  const AUTHORITY =
    "front-proxy: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }";
  const rule = (from: string, to: string): Edit => [from, to];
  const OFF_MASTER =
    "{ not: [master, root-admins] },  gets: { issue: [etcd-client, etcd-peer, etcd-server] }";
  test.each<Limit>([
    [
      "a higher ceiling",
      rule(AUTHORITY, AUTHORITY.replace("35d", "36d")),
      ["+ | authority front-proxy | max-lifetime 35d -> 36d"],
      "loosens",
    ],
    [
      "a lower ceiling",
      rule(AUTHORITY, AUTHORITY.replace("35d", "31d")),
      ["- | authority front-proxy | max-lifetime 35d -> 31d"],
      "tightens",
    ],
    [
      "more backdating",
      rule(AUTHORITY, AUTHORITY.replace(" }", ", backdate: 1h }")),
      ["+ | authority front-proxy | backdate 5m -> 1h"],
      "loosens",
    ],
    [
      "another key",
      rule(AUTHORITY, AUTHORITY.replace("p256]", "p256, ed25519]")),
      ["+ | authority front-proxy | keys +ed25519"],
      "loosens",
    ],
    [
      "instead of a key",
      rule(AUTHORITY, AUTHORITY.replace("ecdsa-p256", "ed25519")),
      ["~ | authority front-proxy | keys +ed25519 -ecdsa-p256"],
      "both",
    ],
    [
      "a new authority",
      rule(`  ${AUTHORITY}`, `  ${AUTHORITY}\n  ${AUTHORITY.replace("front", "back")}`),
      ["~ | authority back-proxy | new: tls  max-lifetime 35d  keys ecdsa-p256"],
      "neither",
    ],
    [
      "older answers",
      rule("max-age: 5m", "max-age: 10m"),
      ["+ | directory ldap | max-age 5m -> 10m"],
      "loosens",
    ],
    [
      "answers of a directory that is away",
      rule(
        "max-age: 15m, when-unreachable: deny",
        "max-age: 15m, when-unreachable: { use-last: 1h }",
      ),
      ["+ | directory gitlab | use-last none -> 1h"],
      "loosens",
    ],
    [
      "a rule less",
      rule(RULE, ""),
      ["+ | never no-wildcard | REMOVED: what it forbade is now possible"],
      "loosens",
    ],
    [
      "a rule more",
      rule(RULE, `${RULE}  - { id: no-bob, who: { is: [people] }, gets: { principal: bobby } }\n`),
      ["- | never no-bob | NEW: forbids principal bobby for people"],
      "tightens",
    ],
    [
      "somebody free of a rule",
      rule(OFF_MASTER, OFF_MASTER.replace("master,", "master, ceph,")),
      [
        "+ | never etcd-off-master | LOOSENED: issue etcd-client, etcd-peer, etcd-server for all but master, root-admins -> issue etcd-client, etcd-peer, etcd-server for all but master, ceph, root-admins",
      ],
      "loosens",
    ],
    [
      "something that a rule allows",
      rule(OFF_MASTER, OFF_MASTER.replace(", etcd-server", "")),
      [
        "+ | never etcd-off-master | LOOSENED: issue etcd-client, etcd-peer, etcd-server for all but master, root-admins -> issue etcd-client, etcd-peer for all but master, root-admins",
      ],
      "loosens",
    ],
    [
      "something else that it forbids",
      rule("gets: { o: system:masters }", "gets: { o: [system:masters, system:admins] }"),
      [
        "- | never masters-group | TIGHTENED: o system:masters for all but root-admins -> o system:masters, system:admins for all but root-admins",
      ],
      "tightens",
    ],
    [
      "one more condition",
      rule("gets: { o: system:masters }", "gets: { o: system:masters, lifetime-over: 1h }"),
      [
        "+ | never masters-group | LOOSENED: o system:masters for all but root-admins -> o system:masters with a lifetime over 1h for all but root-admins",
      ],
      "loosens",
    ],
    [
      "a longer time",
      rule("lifetime-over: 24h", "lifetime-over: 25h"),
      [
        "+ | never people-short | LOOSENED: a lifetime over 1d for people -> a lifetime over 25h for people",
      ],
      "loosens",
    ],
    [
      "a shorter time",
      rule("lifetime-over: 24h", "lifetime-over: 23h"),
      [
        "- | never people-short | TIGHTENED: a lifetime over 1d for people -> a lifetime over 23h for people",
      ],
      "tightens",
    ],
    [
      "others than before",
      rule(
        "{ is: [people] },                gets: { cn:",
        "{ not: [master, worker] }, gets: { cn:",
      ),
      [
        "~ | never system-names | LOOSENED: cn system:* for people -> cn system:* for all but master, worker",
      ],
      "both",
    ],
    [
      "a reason to a rule",
      rule("gets: { wildcard: true } }", "gets: { wildcard: true }, because: of the audit }"),
      ["~ | never no-wildcard | because none -> of the audit"],
      "neither",
    ],
  ])("%s", (_, one, expected, direction) => {
    const changes = changesOf([one]).filter(({ section }) => section === "limits");
    expect(said(changes)).toEqual(expected);
    expect(changes[0]).toMatchObject({
      gains: direction === "loosens" || direction === "both",
      loses: direction === "tightens" || direction === "both",
    });
  });

  test("a rule is named by its id, for those who ask whether they may loosen it", () =>
    expect(changesOf([[RULE, ""]])).toMatchObject([{ rule: "no-wildcard", isGone: true }]));

  test("keys and backdating of an authority are no lines about everybody under it", () =>
    expect(
      said(
        changesOf([
          [
            "keys: [ed25519, ecdsa-p256], lifetime: 40d",
            "keys: [ed25519], backdate: 1m, lifetime: 40d",
          ],
        ]),
      ),
    ).toEqual([
      "- | authority nodes | keys -ecdsa-p256",
      "- | authority nodes | backdate 5m -> 1m",
    ]));
});

describe("tests", () => {
  test.each<readonly [string, Edit, readonly string[]]>([
    [
      "a test less",
      ["  - { as: w1, ask: etcd-client, expect: denied }\n", ""],
      ["- | test w1 | asks for etcd-client  expect denied"],
    ],
    [
      "a test more",
      [
        "  - { as: w1, ask: etcd-client, expect: denied }\n",
        "  - { as: w1, ask: etcd-client, expect: denied }\n  - { as: w2, ask: kubelet, expect: { lifetime: 30d } }\n",
      ],
      ["+ | test w2 | asks for kubelet  expect lifetime 30d"],
    ],
    [
      "another expectation",
      ["ask: admit, node: m1, expect: denied", "ask: admit, node: w1, expect: denied"],
      [
        "+ | test bob | in ldap:hyades-oncall,ldap:staff  asks for admit  node w1  expect denied",
        "- | test bob | in ldap:hyades-oncall,ldap:staff  asks for admit  node m1  expect denied",
      ],
    ],
  ])("%s", (_, one, expected) => expect(said(changesOf([one]))).toEqual(expected));

  test("one of two equal tests is a test less", () => {
    const line = "  - { as: w1, ask: etcd-client, expect: denied }\n";
    const twice = readSound(edit(EXAMPLE, line, line + line));
    expect(said(diff(twice, example))).toEqual([
      "- | test w1 | asks for etcd-client  expect denied",
    ]);
    expect(said(diff(example, twice))).toEqual([
      "+ | test w1 | asks for etcd-client  expect denied",
    ]);
  });
});

const NODE = "  c1: { roles: [ceph]";

test("a rule about one node's names is held against what a variable becomes", () => {
  const wild = edit(
    EXAMPLE,
    'names: [<fqdn>, s3.<domain>, "*.s3.<domain>"]',
    'names: ["*.<fqdn>"]',
  );
  const rule =
    "  - { id: under-c1, who: { is: [nodes] }, gets: { name: x.c1.hyades.example.edu } }\n";
  expect(codesOf(wild)).toEqual([]);
  expect(codesOf(edit(wild, RULE, rule + RULE))).toContain("E401");
});

test("lines are those of the new file; of what is gone, of the old one", () => {
  const changes = changesOf([
    [NODE, `  w4: { roles: [worker] , address: 10.18.60.24 }\n${NODE}`],
    [RULE, ""],
  ]);
  const [first, ...others] = changes;
  expect(first).toMatchObject({ what: "node w4", place: { line: 37 } });
  expect(others.at(-1)).toMatchObject({
    what: "never no-wildcard",
    place: { line: 104 },
    isGone: true,
  });
});
