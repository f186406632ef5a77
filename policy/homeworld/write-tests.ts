import type { Chosen } from "./chosen.ts";
import type { Kind, Machine } from "./machines.ts";
import { list, quoted, wrap } from "./yaml-text.ts";

/** Addresses for documentation (RFC 5737): one of them is no machine's. */
const ELSEWHERE = ["192.0.2.9", "198.51.100.9", "203.0.113.9"];

/** `tests:` that hold every grant: what each kind of machine and an admin hold exactly, and what they do not get. */
export function writeTests(chosen: Chosen): readonly string[] {
  const cases = [...testMachines(chosen), ...testPeople(chosen)];
  const head = "tests:                                    # run by check and apply";
  return [head, ...cases.map((text) => wrap(`  - { ${text} }`, 6))];
}

function testMachines({ setup, grants }: Chosen): readonly string[] {
  const { machines } = setup;
  const first = (kind: Kind): Machine | undefined =>
    machines.find((machine) => machine.kind === kind);
  const [master, worker, supervisor] = [first("master"), first("worker"), first("supervisor")];
  const holds = [master, worker, supervisor].flatMap((machine) => {
    if (machine === undefined) return [];
    const held = grants.filter(({ to }) => to !== "admins" && to.includes(machine.kind));
    return [`as: ${quoted(machine.name)}, holds-exactly: [${list(held.map(({ name }) => name))}]`];
  });
  const denied = (machine: Machine | undefined, grant: string): readonly string[] =>
    machine !== undefined && grants.some(({ name }) => name === grant)
      ? [`as: ${quoted(machine.name)}, ask: ${grant}, expect: denied`]
      : [];
  return [
    ...expected(
      master,
      "kube-apiserver",
      (name) => `cn: ${quoted(`apiserver:${name}`)}, usage: [server]`,
    ),
    ...expected(
      worker ?? master,
      "kubelet",
      (name) => `cn: ${quoted(`system:node:${name}`)}, o: system:nodes, usage: [client]`,
    ),
    ...expected(
      supervisor,
      "kube-supervisor",
      (name) => `cn: ${quoted(`supervisor:${name}`)}, o: system:masters, usage: [client]`,
    ),
    ...machines.slice(0, 1).map(testElsewhere),
    ...denied(worker, "etcd-client"),
    ...denied(worker ?? master, "kube-supervisor"),
    ...denied(supervisor, "kubelet"),
    ...holds,
  ];
}

function expected(
  machine: Machine | undefined,
  grant: string,
  fields: (name: string) => string,
): readonly string[] {
  if (machine === undefined) return [];
  return [`as: ${quoted(machine.name)}, ask: ${grant}, expect: { ${fields(machine.name)} }`];
}

function testElsewhere({ name, address }: Machine): string {
  const from = ELSEWHERE.find((other) => other !== address) ?? "";
  return `as: ${quoted(name)}, ask: ssh-host, from: ${from}, expect: denied`;
}

function testPeople({ setup, grants }: Chosen): readonly string[] {
  const stranger = "as: { user: somebody }, holds-exactly: []";
  const principals = setup.admins.map(({ text }) => text);
  const [admin] = principals;
  if (admin === undefined) return [stranger];
  const held = grants.filter(({ to }) => to === "admins").map(({ name }) => name);
  const other = otherInstance(admin);
  const machine = setup.machines.slice(0, 1);
  return [
    `as: ${quoted(admin)}, ask: ssh-root, expect: { principals: [root], lifetime: 4h, extensions: [permit-pty] }`,
    `as: ${quoted(admin)}, ask: kube-admin, expect: { cn: ${quoted(`root:${admin}`)}, o: system:masters, usage: [client] }`,
    `as: ${quoted(admin)}, ask: kube-admin, lifetime: 5h, expect: denied`,
    ...machine.map(
      ({ name }) => `as: ${quoted(admin)}, ask: admit, node: ${quoted(name)}, expect: allowed`,
    ),
    ...(principals.includes(other) ? [] : [`as: ${quoted(other)}, ask: ssh-root, expect: denied`]),
    `as: ${quoted(admin)}, holds-exactly: [${list(held)}]`,
    stranger,
  ];
}

/** `cela@R` for `cela/root@R`, and the other way: another principal that reads much like it. */
const otherInstance = (principal: string): string =>
  principal.includes("/") ? principal.replace(/\/[^@]*/, "") : principal.replace("@", "/root@");
