import type { CodePage } from "./page.ts";

/** E3xx: what has a value that cannot be. */
export const VALUE_CODES = {
  E301: {
    title: "not a duration",
    meaning:
      "A duration is a whole number and one of s, m, h and d: `90s`, `15m`, `12h`, `30d`; at least one second and at most ten years. A number alone has no unit, and the wrong one is a factor of 3600.",
    wrong: "grants:\n  admit: { to: admins, admit: [master, worker], token-lifetime: 3600 }\n",
    right: "grants:\n  admit: { to: admins, admit: [master, worker], token-lifetime: 1h }\n",
  },
  E302: {
    title: "malformed name, or a regular expression",
    meaning:
      "Names are compared exactly and may hold few characters: DNS names in lower case and A-labels with `*` only as the whole first label, principals without comma or space. Nothing is a regular expression anywhere; patterns exist only in never rules, as `prefix*` and `name.*`, where matching too much is safe.",
    wrong:
      'grants:\n  web: { to: worker, issue: services, usage: server, cn: web, names: ["^web.*$"] }\n',
    right:
      "grants:\n  web: { to: worker, issue: services, usage: server, cn: web, names: [web.<domain>] }\n",
  },
  E303: {
    title: "over a limit",
    meaning:
      "A lifetime is longer than its authority's max-lifetime, a list has more than 32 entries, a name is longer than a certificate holds (64 characters in cn), or a backdate is longer than a day.",
    wrong:
      "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>], lifetime: 48h }\n",
    right:
      "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>], lifetime: 24h }\n",
  },
  E304: {
    title: "not an address, or not a range",
    meaning:
      "An address is IPv4 in four numbers without zeros in front, or IPv6 in quotes. A range is an address and the number of bits that count, and has no bits beyond those.",
    wrong: "cluster:\n  networks: { offices: [10.9.1.0/16] }\n",
    right: "cluster:\n  networks: { offices: [10.9.0.0/16] }\n",
  },
  E305: {
    title: "one address for two nodes",
    meaning:
      "A node is recognised by its certificate and its address together, so no two nodes share one. Addresses are compared by value: `::ffff:10.0.0.1` is `10.0.0.1`.",
    wrong: "nodes:\n  w2: { roles: [worker], address: 10.18.60.21 }\n",
    right: "nodes:\n  w2: { roles: [worker], address: 10.18.60.22 }\n",
  },
  E306: {
    title: "an empty list",
    meaning:
      "An empty list could be read as none or as all, and programs have been broken into over that. Name what is meant, or leave the key out. Only `holds-exactly: []` says something: nothing is held.",
    wrong: "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [] }\n",
    right: "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>] }\n",
  },
  E307: {
    title: "a wildcard that is not declared",
    meaning:
      "`*.<domain>` is good for every name below. A grant of an authority of kind tls that means it says `wildcard: true`; SSH host certificates have no wildcards.",
    wrong:
      'grants:\n  web: { to: worker, issue: services, usage: server, cn: web, names: ["*.s3.<domain>"] }\n',
    right:
      'grants:\n  web: { to: worker, issue: services, usage: server, cn: web, names: ["*.s3.<domain>"], wildcard: true }\n',
  },
  E308: {
    title: "an SSH certificate without principals",
    meaning:
      "OpenSSH has read a certificate without principals as one for every account and every host. Say `principals` for people and `names` for hosts.",
    wrong: "grants:\n  ssh-login: { to: users, issue: ssh-user }\n",
    right: "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>] }\n",
  },
  E309: {
    title: "a variable becomes a reserved name",
    meaning:
      "No variable may produce a name that is written out in a grant or a never rule, nor an account that systems have: a node called `kubernetes` would get the name of the API server, a node called `root` that of the administrator. Call the machine something else.",
    wrong: "nodes:\n  root: { roles: [worker], address: 10.18.60.22 }\n",
    right: "nodes:\n  w2: { roles: [worker], address: 10.18.60.22 }\n",
  },
} as const satisfies Record<string, CodePage>;
