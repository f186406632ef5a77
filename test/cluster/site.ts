import { showPrograms } from "./kubernetes/programs.ts";

/** One machine of the site, and the image in the folder of images that it starts from. */
export type MachineSpec = {
  readonly name: MachineName;
  readonly address: string;
  readonly what: string;
  /** Further names of its address. */
  readonly aliases?: readonly string[];
  /** Images, the uppermost first; the last one is a whole root. */
  readonly images: readonly ImageName[];
  /** More arguments of systemd-nspawn: `--bind=…`, `--capability=…`. */
  readonly nspawn?: readonly string[];
};

/** The machines, as the documents name them. */
export type MachineName = "m1" | "m2" | "m3" | "w1" | "s1" | "d1";

/** What image.sh can build. */
export type ImageName = "base" | "ceph" | "kubernetes";

/** Names of the site, the same as in the documents. */
export const SITE = {
  cluster: "hyades",
  domain: "hyades.example.edu",
  realm: "EXAMPLE.EDU",
  /** All machines; the far end of {@link SITE.gateway} is the script itself, and leads nowhere else. */
  network: "10.18.60.0/23",
  gateway: "10.18.60.1",
} as const;

/** Every machine that there is. */
export const MACHINES: readonly MachineSpec[] = [
  {
    name: "m1",
    address: "10.18.60.11",
    what: "master",
    aliases: ["api"],
    images: ["base"],
    nspawn: showPrograms(),
  },
  { name: "m2", address: "10.18.60.12", what: "master", images: ["base"] },
  { name: "m3", address: "10.18.60.13", what: "master", images: ["base"] },
  {
    name: "w1",
    address: "10.18.60.21",
    what: "worker",
    images: ["base"],
    nspawn: showPrograms(),
  },
  { name: "s1", address: "10.18.60.40", what: "storage", images: ["ceph", "base"] },
  {
    name: "d1",
    address: "10.18.60.50",
    what: "KDC, directory, people",
    images: ["base"],
    nspawn: showPrograms(),
  },
];

/** The full name of a machine. */
export const fqdn = (name: string): string => `${name}.${SITE.domain}`;

/** `/etc/hosts` of every machine: there is no other way to a name. */
export const HOSTS = [
  "127.0.0.1 localhost",
  "::1 localhost ip6-localhost",
  ...MACHINES.map(({ name, address, aliases = [] }) =>
    [address, fqdn(name), name, ...aliases.flatMap((alias) => [fqdn(alias), alias])].join(" "),
  ),
  "",
].join("\n");
