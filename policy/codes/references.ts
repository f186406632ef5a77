import type { CodePage } from "./page.ts";

/** E2xx: what refers to nothing. */
export const REFERENCE_CODES = {
  E201: {
    title: "unknown name or value",
    meaning:
      "Roles, groups, networks, authorities, directories, nodes and grants are declared before they count, and keys such as kind or usage take fixed words. A name that is declared nowhere is refused instead of matching nothing: a rule lost to a slip is a rule that nobody misses.",
    wrong: "grants:\n  key: { to: mastre, fetch: service-account.key }\n",
    right: "grants:\n  key: { to: master, fetch: service-account.key }\n",
  },
  E202: {
    title: "unknown variable",
    meaning:
      "Names may hold `<node>`, `<fqdn>`, `<address>`, `<domain>`, `<internal-domain>`, `<user>` and `<principal>`, and nothing else in angle brackets.",
    wrong: "grants:\n  web: { to: worker, issue: services, usage: client, cn: web-<host> }\n",
    right: "grants:\n  web: { to: worker, issue: services, usage: client, cn: web-<node> }\n",
  },
  E203: {
    title: "variable without a value here",
    meaning:
      "A node has no `<user>` and a person no `<node>`; `<address>` needs a node with an address, `<internal-domain>` a cluster with one. In names, `<user>` and `<principal>` never stand: the names of a machine do not depend on a person.",
    wrong: "grants:\n  web: { to: worker, issue: services, usage: client, cn: web-<user> }\n",
    right: "grants:\n  web: { to: worker, issue: services, usage: client, cn: web-<node> }\n",
  },
  E204: {
    title: "role and group of one name",
    meaning:
      "The key `to` of a grant names roles and people groups alike, so no name may be both. `people` and `nodes` mean everyone of that kind in never rules, so neither can be declared.",
    wrong: "people:\n  worker: { from: [ldap:staff] }\n",
    right: "people:\n  workers: { from: [ldap:staff] }\n",
  },
  E205: {
    title: "roles and people in one grant",
    meaning:
      "A grant goes to machines or to people: they are known by different means, have different variables and different dangers. Make two grants of it.",
    wrong: "grants:\n  audit: { to: [users, worker], fetch: audit.txt }\n",
    right:
      "grants:\n  audit: { to: users, fetch: audit.txt }\n  audit-of-nodes: { to: worker, fetch: audit.txt }\n",
  },
} as const satisfies Record<string, CodePage>;
