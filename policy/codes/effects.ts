import type { CodePage } from "./page.ts";

/** E4xx and E5xx: what a policy would do, and should not. */
export const EFFECT_CODES = {
  E401: {
    title: "a grant gives what a never rule forbids",
    meaning:
      "Every never rule is held against every subject and grant before a policy counts, exactly for nodes and for everyone of a people group; it is applied once more to each certificate. Narrow the grant. If the rule itself is wrong, change it in a commit of its own, so that it is seen. Also: `use-last` for a directory whose groups get root or system:masters.",
    wrong:
      "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [root] }\nnever:\n  - { id: root-login, who: { not: [admins] }, gets: { principal: root } }\n",
    right:
      "grants:\n  ssh-login: { to: admins, issue: ssh-user, principals: [root] }\nnever:\n  - { id: root-login, who: { not: [admins] }, gets: { principal: root } }\n",
  },
  E402: {
    title: "nobody may admit a node",
    meaning:
      "The policy has people, and no grant lets anyone of them admit a machine: none has the verb admit, or it goes to a role without nodes, or to a group that nobody can be in, since it asks for two principals at once. Such an edit is nearly always a slip, and it is noticed on the day a machine has to be replaced. Root on the master can always put another policy into force.",
    wrong:
      "people:\n  admins: { from: [kerberos:ann/root@DEMO.EXAMPLE], also-in: [kerberos:ben/root@DEMO.EXAMPLE] }\n",
    right:
      "people:\n  admins: { from: [kerberos:ann/root@DEMO.EXAMPLE, kerberos:ben/root@DEMO.EXAMPLE] }\n",
  },
  E501: {
    title: "a test of the policy failed",
    meaning:
      "The policy's own tests are run by check, by apply and in review. The message says what came instead (got). Either the edit does more than was meant, or the test has to be changed in the same commit, where a reviewer sees both.",
    wrong:
      "grants:\n  key: { to: [master, worker], fetch: service-account.key }\ntests:\n  - { as: w1, holds-exactly: [web, host] }\n",
    right:
      "grants:\n  key: { to: master, fetch: service-account.key }\ntests:\n  - { as: w1, holds-exactly: [web, host] }\n",
  },
} as const satisfies Record<string, CodePage>;
