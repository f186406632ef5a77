import type { CodePage } from "./page.ts";

/** E1xx: what is no policy by its shape. */
export const SHAPE_CODES = {
  E101: {
    title: "not readable as YAML",
    meaning:
      "The file is one document of YAML 1.2 in UTF-8, at most 1 MiB, indented with spaces. Tabs, characters that cannot be seen and those that turn the direction of text are refused: a reviewer would read something else than the program.",
    wrong: "roles: [master, worker\n",
    right: "roles: [master, worker]\n",
  },
  E102: {
    title: "said twice",
    meaning:
      "A key, an entry of a list or the id of a never rule stands once. Of two, most YAML readers take the last in silence, and the first is what a reviewer saw.",
    wrong:
      "nodes:\n  w1: { roles: [worker], address: 10.18.60.21 }\n  w1: { roles: [master], address: 10.18.60.22 }\n",
    right:
      "nodes:\n  w1: { roles: [worker], address: 10.18.60.21 }\n  w2: { roles: [master], address: 10.18.60.22 }\n",
  },
  E103: {
    title: "anchor, alias, tag or merge key",
    meaning:
      "A policy says everything where it counts. Anchors, aliases, tags, merge keys and YAML directives make one line depend on another one far away, and aliases can make a gigabyte of a kilobyte.",
    wrong: "roles: &all [master, worker]\n",
    right: "roles: [master, worker]\n",
  },
  E110: {
    title: "unknown key",
    meaning:
      "Each section has its own keys, and which ones a grant has depends on its verb and on the kind of its authority; a test that lists grants has no key of a request, and one that asks for a grant only those that this grant knows. An unknown key is refused, since a misspelt limit would otherwise be no limit. `keyserver policy schema` lists them all.",
    wrong:
      "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>], lifetme: 12h }\n",
    right:
      "grants:\n  ssh-login: { to: users, issue: ssh-user, principals: [<user>], lifetime: 12h }\n",
  },
  E111: {
    title: "not of the kind that is needed",
    meaning:
      "Text, a list, a mapping, true or false, or a whole number stands here, and something else was found. Text that YAML takes for a number, for true or false, for nothing or for a mapping must be quoted: `007`, `1e3`, `null`, `2001:db8::`.",
    wrong: "grants:\n  key: { to: master, fetch: 007 }\n",
    right: 'grants:\n  key: { to: master, fetch: "007" }\n',
  },
  E112: {
    title: "something is missing",
    meaning:
      "A key is needed here, or one of several: a grant has one verb (issue, fetch, admit, operate), the who of a never rule either is or not, a test either ask or holds-exactly, an admission in a test the node; choose-at-most needs may-choose. A certificate for servers needs names, since clients look at nothing else.",
    wrong: "grants:\n  web: { to: worker, issue: services, usage: client }\n",
    right: "grants:\n  web: { to: worker, issue: services, usage: client, cn: web-<node> }\n",
  },
} as const satisfies Record<string, CodePage>;
