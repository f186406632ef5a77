import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  findCluster,
  readCluster,
  readClusters,
  readTrust,
  writeCluster,
  writeTrust,
} from "../../../client/request/session/cluster.ts";
import { clusterPlaces } from "../../../client/request/places.ts";
import { makePerson } from "./person.ts";

const second = {
  name: "pleiades",
  domain: "pleiades.example",
  servers: ["[2001:db8::1]:20557", "m2"],
  pin: `sha256:${"a".repeat(64)}`,
  people: { passwords: true, kubernetes: "https://api.pleiades.example:6443" },
};

const fails = (exit: number, says: RegExp) =>
  expect.objectContaining({ exit, message: expect.stringMatching(says) });

test("what is written is read, and is YAML for people", () => {
  const { deps } = makePerson();
  const written = writeCluster(deps, second);
  expect(readCluster(deps, "pleiades")).toEqual(written);
  expect(readFileSync(written.places.cluster, "utf8")).toContain('domain: "pleiades.example"\n');
});

test("the only cluster is meant where none is named", () => {
  const { deps, cluster } = makePerson();
  expect(findCluster(deps)).toEqual(cluster);
  expect(findCluster({ ...deps, cluster: "hyades" })).toEqual(cluster);
});

test("of several one has to be named", () => {
  const { deps } = makePerson();
  writeCluster(deps, second);
  expect(readClusters(deps).map(({ name }) => name)).toEqual(["hyades", "pleiades"]);
  expect(() => findCluster(deps)).toThrow(fails(2, /hyades, pleiades/));
  expect(findCluster({ ...deps, cluster: "pleiades" }).domain).toBe("pleiades.example");
});

test("without any, setup is what to type", () => {
  const { deps, cluster } = makePerson();
  rmSync(cluster.places.folder, { recursive: true });
  const hints = [expect.stringMatching(/keyreq setup/)];
  expect(() => findCluster(deps)).toThrow(expect.objectContaining({ exit: 2, hints }));
  rmSync(deps.places.data, { recursive: true });
  expect(() => findCluster(deps)).toThrow(expect.objectContaining({ exit: 2, hints }));
});

test("a slip of the hand is answered with what was meant", () => {
  const { deps } = makePerson();
  const hints = [expect.stringMatching(/did you mean hyades/)];
  const meant = expect.objectContaining({ exit: 2, hints });
  expect(() => findCluster({ ...deps, cluster: "hyads" })).toThrow(meant);
});

test.for(["", "..", "../hyades", "hyades/../hyades", "/etc", "HYADES", ".", "a".repeat(64)])(
  "--cluster %j leads nowhere",
  (name) => {
    const { deps } = makePerson();
    expect(() => findCluster({ ...deps, cluster: name })).toThrow(fails(2, /no cluster/));
    expect(() => writeCluster(deps, { ...second, name })).toThrow();
  },
);

test("folders that are no cluster are passed by", () => {
  const { deps } = makePerson();
  mkdirSync(join(deps.places.data, "empty"), { mode: 0o700 });
  writeFileSync(join(deps.places.data, "ssh_config"), "");
  expect(readClusters(deps)).toHaveLength(1);
});

test.for([
  {
    name: "an unknown key",
    edit: (text: string) => `${text}colour: red\n`,
    says: /:\d+:\d+: .*colour/,
  },
  { name: "a missing key", edit: (text: string) => text.replace(/^pin:.*\n/m, ""), says: /pin/ },
  { name: "a wrong pin", edit: (text: string) => text.replace("sha256:", "md5:"), says: /pin/ },
  {
    name: "no server",
    edit: (text: string) => text.replace(/^servers:.*$/m, "servers: []"),
    says: /servers/,
  },
  {
    name: "an alias",
    edit: (text: string) => text.replace(/^domain: /m, "domain: &a "),
    says: /anchor/,
  },
  {
    name: "the name of another",
    edit: (text: string) => text.replace("hyades", "other"),
    says: /folder of hyades/,
  },
  {
    name: "an unknown key in people",
    edit: (text: string) => text.replace("people: {", 'people: {"x":1,'),
    says: /x/,
  },
  { name: "nothing in it", edit: () => "", says: /empty/ },
])(
  "cluster.yaml with $name is refused with its place, and setup is the way out",
  ({ edit, says }) => {
    const { deps, cluster } = makePerson();
    const { cluster: path } = cluster.places;
    writeFileSync(path, edit(readFileSync(path, "utf8")));
    expect(() => readCluster(deps, "hyades")).toThrow(fails(2, says));
    expect(() => readCluster(deps, "hyades")).toThrow(
      expect.objectContaining({ hints: [expect.stringMatching(/keyreq setup/)] }),
    );
  },
);

test("what is written is checked like what is read", () => {
  const { deps } = makePerson();
  expect(() => writeCluster(deps, { ...second, pin: "sha256:00" })).toThrow(fails(2, /pin/));
  expect(readCluster(deps, "pleiades")).toBeUndefined();
});

test("what the server says of people counts, but for addresses that were given", () => {
  const { deps, cluster } = makePerson();
  const written = writeCluster(deps, { ...second, name: "hyades" });
  const trust = readTrust(deps, cluster.places);
  if (trust === undefined) throw new TypeError("there is trust");
  const people = {
    kerberos: "HTTP/m9@R",
    passwords: false,
    kubernetes: "https://x",
    etcd: ["https://e"],
  };
  writeTrust(deps, cluster.places, { ...trust, people });
  expect(readCluster(deps, "hyades")?.people).toEqual({
    ...people,
    kubernetes: written.people.kubernetes,
  });
});

test("trust is written once", () => {
  const { deps, cluster } = makePerson();
  const trust = readTrust(deps, cluster.places);
  if (trust === undefined) throw new TypeError("there is trust");
  expect(writeTrust(deps, cluster.places, trust)).toBe(false);
  expect(writeTrust(deps, cluster.places, { ...trust, domain: "x" })).toBe(true);
});

test("a cluster behind a symbolic link is not used", () => {
  const { deps, cluster } = makePerson();
  const { folder } = cluster.places;
  const elsewhere = join(dirname(dirname(folder)), "elsewhere");
  renameSync(folder, elsewhere);
  symlinkSync(elsewhere, folder);
  expect(() => readCluster(deps, "hyades")).toThrow(fails(1, /is a symbolic link/));
});

test("a cluster that others can write is not used", () => {
  const { deps, cluster } = makePerson();
  chmodSync(cluster.places.folder, 0o770);
  expect(() => readCluster(deps, "hyades")).toThrow(fails(1, /can be written by others/));
});

test("places are below the data folder, each cluster with its own", () => {
  const { deps } = makePerson();
  const places = Object.values(clusterPlaces(deps.places, "hyades"));
  expect(places.every((path) => path.startsWith(join(deps.places.data, "hyades")))).toBe(true);
  expect(new Set(places).size).toBe(places.length);
});
