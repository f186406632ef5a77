import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../harness/command.ts";
import { HOSTS, type MachineSpec, SITE } from "./site.ts";

/** Lays a machine's root over its images in `folder/NAME/root`, and writes what makes it this machine. */
export async function makeRoot(
  folder: string,
  images: string,
  { name, address, images: layers }: MachineSpec,
): Promise<string> {
  const [upper, work, root] = ["upper", "work", "root"].map((part) => {
    const path = join(folder, name, part);
    mkdirSync(path, { recursive: true });
    return path;
  });
  if (root === undefined) throw new TypeError("no root");
  const lower = layers.map((image) => join(images, image)).join(":");
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  await runOk("mount", ["-t", "overlay", "overlay", "-o", options, root]);

  const file = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  file("etc/hostname", `${name}\n`);
  file("etc/hosts", HOSTS);
  file("etc/machine-id", `${randomUUID().replaceAll("-", "")}\n`);
  file("etc/systemd/network/10-host0.network", formatNetwork(address));
  // /tmp of the image is a folder; a reboot has to empty it.
  file("etc/systemd/journald.conf.d/kept.conf", "[Journal]\nStorage=persistent\n");
  file("etc/resolv.conf", "");
  // Lines of the documentation are typed as they are, and nobody is there to answer.
  file("etc/apt/apt.conf.d/90unattended", 'APT::Get::Assume-Yes "true";\n');
  const wanted = join(root, "etc/systemd/system/multi-user.target.wants");
  mkdirSync(wanted, { recursive: true });
  const networkd = join(wanted, "systemd-networkd.service");
  rmSync(networkd, { force: true });
  symlinkSync("/lib/systemd/system/systemd-networkd.service", networkd);
  await runOk("ssh-keygen", ["-q", "-A", "-f", root]);
  return root;
}

const formatNetwork = (address: string): string => `[Match]
Name=host0

[Network]
Address=${address}/${SITE.network.split("/")[1]}
LinkLocalAddressing=no
IPv6AcceptRA=no
`;
