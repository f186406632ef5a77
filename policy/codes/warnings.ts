import type { CodePage } from "./page.ts";

/** W6xx: what is probably not meant. Said only where there is no error; `--strict` makes them count. */
export const WARNING_CODES = {
  W601: {
    title: "a people group without a grant",
    meaning:
      "No grant goes to this group, so belonging to it changes nothing. A grant was removed and the group forgotten, or `to` names another group than was meant.",
    wrong: "people:\n  guests: { from: [ldap:guests] }\n",
    right:
      "people:\n  guests: { from: [ldap:guests] }\ngrants:\n  wlan: { to: guests, fetch: wlan.txt }\n",
  },
  W602: {
    title: "a grant that no test reaches",
    meaning:
      "No test asks for this grant and no holds-exactly lists it, so an edit that widens it would pass unseen.",
    wrong:
      "grants:\n  key: { to: master, fetch: service-account.key }\ntests:\n  - { as: ann/root@DEMO.EXAMPLE, holds-exactly: [admit] }\n",
    right:
      "grants:\n  key: { to: master, fetch: service-account.key }\ntests:\n  - { as: ann/root@DEMO.EXAMPLE, holds-exactly: [admit] }\n  - { as: m1, holds-exactly: [key, web, host] }\n  - { as: { user: eve, in: [ldap:staff] }, holds-exactly: [login] }\n",
  },
  W603: {
    title: "an authority that issues nothing",
    meaning:
      "No grant is issued by this authority: its key could be retired, or a grant is missing.",
    wrong: "authorities:\n  spare: { kind: tls, keys: [ecdsa-p256], lifetime: 30d }\n",
    right:
      "authorities:\n  spare: { kind: tls, keys: [ecdsa-p256], lifetime: 30d }\ngrants:\n  extra: { to: worker, issue: spare, usage: client, cn: extra-<node> }\n",
  },
  W604: {
    title: "a role without nodes",
    meaning: "No node has this role, so no grant to it reaches anyone.",
    wrong: "roles: [master, worker, storage]\n",
    right:
      "roles: [master, worker, storage]\nnodes:\n  c1: { roles: [storage], address: 10.18.60.31 }\n",
  },
  W605: {
    title: "one authority for servers and clients",
    meaning:
      "A certificate for both usages is fine where its authority does nothing else. Beside others, whoever trusts the authority for one usage is shown certificates that are meant for the other.",
    wrong:
      "grants:\n  peer: { to: worker, issue: services, usage: [server, client], cn: peer-<node>, names: [<fqdn>] }\n",
    right:
      "grants:\n  peer: { to: worker, issue: services, usage: server, cn: peer-<node>, names: [<fqdn>] }\n",
  },
  W606: {
    title: "a never rule that check cannot settle",
    meaning:
      "The rule says `is` with a people group. Who is in two groups at once is known to the directory alone, so this rule holds fully only when a certificate is asked for. With `not`, or `is: [people]`, it is settled beforehand.",
    wrong: "never:\n  - { id: no-root, who: { is: [users] }, gets: { principal: root } }\n",
    right: "never:\n  - { id: no-root, who: { not: [admins] }, gets: { principal: root } }\n",
  },
} as const satisfies Record<string, CodePage>;
