import { readdirSync } from "node:fs";
import { Type, type Static } from "typebox";
import { Check } from "typebox/value";
import { parseConfig } from "../../../protocol/config-file.ts";
import { EXIT } from "../../../protocol/exit-codes.ts";
import { PeopleInfo, Trust } from "../../../protocol/messages.ts";
import { nearestSpelling } from "../../../protocol/spelling.ts";
import { codeOfError, Failure, messageOf } from "../../terminal/failure.ts";
import type { RequestDeps } from "../deps.ts";
import { clusterPlaces, type ClusterPlaces, type Places } from "../places.ts";
import { OPEN, readPrivateFile, writePrivateFile, type DataFolder } from "../held/private-file.ts";

/** A cluster that `keyreq setup` made known here. */
export type Cluster = {
  readonly name: string;
  /** What an `@cert-authority` line is written for: `*.DOMAIN`. */
  readonly domain: string;
  /** `host:port`, the first is tried first. */
  readonly servers: readonly string[];
  /** `sha256:` and 64 hex digits, over the SubjectPublicKeyInfo of authority `nodes`. */
  readonly pin: string;
  /** What the server said last; addresses that were given to `setup` go before. */
  readonly people: PeopleInfo;
  readonly places: ClusterPlaces;
};

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

const Text = Type.String({ minLength: 1, maxLength: 256 });
const ClusterFile = Type.Object(
  {
    cluster: Type.String({
      pattern: NAME.source,
      description: "a name of lower-case letters, digits and hyphens",
    }),
    domain: Text,
    servers: Type.Array(Text, { minItems: 1 }),
    pin: Type.String({
      pattern: "^sha256:[0-9a-f]{64}$",
      description: "sha256: and 64 hexadecimal digits",
    }),
    people: Type.Object({ ...PeopleInfo.properties }, { additionalProperties: false }),
  },
  { additionalProperties: false },
);
type ClusterFile = Static<typeof ClusterFile>;

/** Whether a cluster's name can be the name of its folder. */
export const isClusterName = (name: string): boolean => NAME.test(name);

/** The clusters that are known here, by name. @throws Failure with the place of a mistake. */
export function readClusters(data: DataFolder): readonly Cluster[] {
  return listNames(data.places)
    .map((name) => readCluster(data, name))
    .filter((cluster) => cluster !== undefined);
}

function listNames({ data }: Places): readonly string[] {
  try {
    return readdirSync(data).filter(isClusterName).sort();
  } catch (error) {
    if (codeOfError(error) === "ENOENT") return [];
    throw error;
  }
}

/** One cluster; undefined when it is not known here. @throws Failure with the place of a mistake. */
export function readCluster(data: DataFolder, name: string): Cluster | undefined {
  const places = clusterPlaces(data.places, name);
  const text = readPrivateFile(data, places.cluster);
  if (text === undefined) return undefined;
  const { cluster, people, ...rest } = parseFile(places.cluster, text);
  if (cluster !== name) {
    throw damaged(`${places.cluster}: is of cluster ${cluster}, and lies in the folder of ${name}`);
  }
  return { name, ...rest, people: mergePeople(people, readTrust(data, places)?.people), places };
}

function parseFile(path: string, text: string): ClusterFile {
  try {
    return parseConfig(ClusterFile, text, path);
  } catch (error) {
    throw damaged(messageOf(error));
  }
}

const damaged = (message: string): Failure =>
  new Failure(EXIT.usage, message, ["write it anew:  keyreq setup URL --pin PIN"]);

/** What the server says last counts, but for addresses that the person gave. */
const mergePeople = (told: PeopleInfo, said: PeopleInfo | undefined): PeopleInfo =>
  said === undefined
    ? told
    : {
        ...said,
        ...(told.kubernetes === undefined ? {} : { kubernetes: told.kubernetes }),
        ...(told.etcd === undefined ? {} : { etcd: told.etcd }),
      };

/**
 * The cluster that is meant: the one named by `--cluster`, else the only one.
 *
 * @throws Failure (exit 2) when there is none, several, or none of this name.
 */
export function findCluster(deps: DataFolder & Pick<RequestDeps, "cluster">): Cluster {
  const { cluster: name } = deps;
  if (name !== undefined) {
    const named = isClusterName(name) ? readCluster(deps, name) : undefined;
    if (named === undefined) throw unknownCluster(deps.places, name);
    return named;
  }
  const [first, ...more] = readClusters(deps);
  if (first === undefined) {
    throw new Failure(EXIT.usage, "no cluster is known here", ["keyreq setup URL --pin PIN"]);
  }
  if (more.length === 0) return first;
  const names = [first, ...more].map((cluster) => cluster.name);
  throw new Failure(EXIT.usage, `several clusters are known here: ${names.join(", ")}`, [
    `keyreq --cluster ${first.name} …`,
  ]);
}

function unknownCluster(places: Places, name: string): Failure {
  const guess = nearestSpelling(name, listNames(places));
  const hint = guess === undefined ? "keyreq setup URL --pin PIN" : `did you mean ${guess}?`;
  return new Failure(EXIT.usage, `no cluster ${JSON.stringify(name)} is known here`, [hint]);
}

/** Writes `cluster.yaml`; `people` as given here goes before what the server says later. */
export function writeCluster(data: DataFolder, cluster: Omit<Cluster, "places">): Cluster {
  const { name, domain, servers, pin, people } = cluster;
  const places = clusterPlaces(data.places, name);
  // JSON is YAML; a key for each line reads better.
  const lines = Object.entries({ cluster: name, domain, servers, pin, people }).map(
    ([key, value]) => `${key}: ${JSON.stringify(value)}`,
  );
  const text = `# Written by keyreq setup.\n${lines.join("\n")}\n`;
  parseFile(places.cluster, text);
  writePrivateFile(data, places.cluster, text, OPEN);
  return { name, domain, servers, pin, people, places };
}

/** The anchors as they were fetched last; undefined when there are none, or the file is damaged. */
export function readTrust(data: DataFolder, places: ClusterPlaces): Trust | undefined {
  const text = readPrivateFile(data, places.trust);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Check(Trust, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps what `GET /v1/trust` gave, over a connection that was checked. Gives whether it is new. */
export function writeTrust(data: DataFolder, places: ClusterPlaces, trust: Trust): boolean {
  const text = `${JSON.stringify(trust, null, 2)}\n`;
  if (readPrivateFile(data, places.trust) === text) return false;
  writePrivateFile(data, places.trust, text, OPEN);
  return true;
}
