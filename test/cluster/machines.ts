import { createInside, type Inside } from "./inside.ts";
import { createPower, type Power, type PowerDeps } from "./power.ts";
import { fqdn } from "./site.ts";

/** A machine with systemd as its first process, on disks and a network of its own. */
export type Machine = Inside &
  Power & { readonly name: string; readonly fqdn: string; readonly address: string };

/** A machine that is off; nothing of it exists before its first boot. */
export function createMachine(deps: PowerDeps): Machine {
  const { name, address } = deps.spec;
  const power = createPower(deps);
  return { name, fqdn: fqdn(name), address, ...power, ...createInside(name, power.leader) };
}
