/** A small sound policy: the examples of diagnostics are parts of it, or added to it. */
export const DEMO = `keysystem: policy/v1
cluster:
  name: demo
  domain: demo.example
  realm: DEMO.EXAMPLE
  networks: { offices: [10.9.0.0/16] }
directories:
  ldap: { max-age: 5m }
authorities:
  services: { kind: tls, keys: [ecdsa-p256], lifetime: 30d, max-lifetime: 35d }
  ssh-host: { kind: ssh-host, keys: [ed25519], lifetime: 60d }
  ssh-user: { kind: ssh-user, keys: [ed25519], lifetime: 8h, max-lifetime: 24h }
roles: [master, worker]
nodes:
  m1: { roles: [master], address: 10.18.60.11 }
  w1: { roles: [worker], address: 10.18.60.21 }
people:
  admins: { from: [kerberos:ann/root@DEMO.EXAMPLE] }
  users: { from: [ldap:staff] }
grants:
  web: { to: [master, worker], issue: services, usage: client, cn: web-<node> }
  host: { to: [master, worker], issue: ssh-host, names: [<fqdn>] }
  login: { to: users, issue: ssh-user, principals: [<user>] }
  admit: { to: admins, admit: [master, worker] }
`;

/** The demo policy with a part of a policy in it: entries of the part stand for those of the same key. */
export function demoWith(part: string): string {
  const parts = new Map(sectionsOf(part).map((section) => [headOf(section), section]));
  const kept = sectionsOf(DEMO).map((section) => {
    const own = parts.get(headOf(section));
    parts.delete(headOf(section));
    return own === undefined ? section : own + entriesBeside(section, own);
  });
  return [...kept, ...parts.values()].join("");
}

const sectionsOf = (text: string): readonly string[] =>
  text.split(/^(?=[a-z])/m).filter((section) => section !== "");

const headOf = (line: string): string => line.slice(0, line.indexOf(":"));

/** The entries of a section, a line each, whose keys another does not have. */
function entriesBeside(section: string, own: string): string {
  const taken = new Set(own.split("\n").map(headOf));
  const lines = section.split("\n").slice(1);
  return lines
    .filter((line) => line !== "" && !taken.has(headOf(line)))
    .map((line) => `${line}\n`)
    .join("");
}
