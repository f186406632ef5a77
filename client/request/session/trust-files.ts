import { join } from "node:path";
import { formatSshPublicKey, parseSshPublicKey } from "../../../keys/formats/ssh-public-key.ts";
import type { Trust } from "../../../protocol/messages.ts";
import type { ClusterPlaces } from "../places.ts";
import { OPEN, readPrivateFile, writePrivateFile, type DataFolder } from "../held/private-file.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** `known_hosts`: a line for each key that signs hosts, at every port (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function formatKnownHosts({ domain, authorities }: Trust): string {
  const lines = authorities
    .filter(({ kind }) => kind === "ssh-host")
    .flatMap(({ name, anchors }) =>
      anchors.map((anchor) => {
        const key = formatSshPublicKey(parseSshPublicKey(anchor));
        return `@cert-authority *.${domain},[*.${domain}]:* ${key} keysystem ${name}\n`;
      }),
    );
  return lines.join("");
}

/** The file with the anchors of a TLS authority. */
export const anchorFile = ({ anchors }: ClusterPlaces, authority: string): string =>
  join(anchors, `${authority}.pem`);

/**
 * Writes the anchors in the form that ssh and kubectl read, where they are not there yet. To be
 * called whenever `GET /v1/trust` gave something new. Gives the files that changed.
 *
 * @throws Failure
 */
export function writeTrustFiles(
  data: DataFolder,
  places: ClusterPlaces,
  trust: Trust,
): readonly string[] {
  const files = [
    { path: places.knownHosts, text: formatKnownHosts(trust) },
    ...trust.authorities
      .filter(({ kind, name }) => kind === "tls" && NAME.test(name))
      .map(({ name, anchors }) => ({ path: anchorFile(places, name), text: joinPem(anchors) })),
  ];
  const changed = files.filter(({ path, text }) => readPrivateFile(data, path) !== text);
  for (const { path, text } of changed) writePrivateFile(data, path, text, OPEN);
  return changed.map(({ path }) => path);
}

const joinPem = (anchors: readonly string[]): string =>
  anchors.map((anchor) => `${anchor.trimEnd()}\n`).join("");
