/** A part of the demo policy, and what comes of who may admit there. */
export const LOCKOUTS: readonly (readonly [string, string, readonly string[]])[] = [
  ["a grant to people", "", []],
  ["another verb", "grants:\n  admit: { to: admins, operate: [audit] }\n", ["E402"]],
  [
    "two principals at once",
    "people:\n  admins: { from: [kerberos:a@X], also-in: [kerberos:b@X] }\n",
    ["E402"],
  ],
  [
    "two principals beside a directory",
    "people:\n  admins: { from: [ldap:a], also-in: [kerberos:a@X, kerberos:b@X] }\n",
    ["E402"],
  ],
  [
    "one principal, said twice over",
    "people:\n  admins: { from: [kerberos:a@X], also-in: [kerberos:a@X] }\n",
    [],
  ],
  [
    "a principal of a group",
    "people:\n  admins: { from: [ldap:a], also-in: [kerberos:a@X] }\n",
    [],
  ],
  [
    "one of two principals",
    "people:\n  admins: { from: [kerberos:a@X, kerberos:b@X], also-in: [kerberos:a@X] }\n",
    [],
  ],
  [
    "a principal of a directory",
    "people:\n  admins: { from: [kerberos:a@X], also-in: [ldap:a] }\n",
    [],
  ],
  [
    "a role with nodes",
    "grants:\n  admit: { to: master, admit: [worker] }\n  notes: { to: admins, fetch: notes.txt }\n",
    [],
  ],
  [
    "a role without nodes",
    "roles: [master, worker, door]\ngrants:\n  admit: { to: door, admit: [worker] }\n  notes: { to: admins, fetch: notes.txt }\n",
    ["E402"],
  ],
  [
    "one of two groups",
    "people:\n  admins: { from: [kerberos:a@X], also-in: [kerberos:b@X] }\ngrants:\n  admit: { to: [admins, users], admit: [worker] }\n",
    [],
  ],
];
