import { generateKeyPairSync } from "node:crypto";
import { publicSshKey, sshLine } from "../../../client/credential/ssh-private-key.ts";
import { clusterPlaces, placesOf } from "../../../client/request/places.ts";
import { keepCredential, readCredential } from "../../../client/request/held/store.ts";
import { makeSshAuthority } from "../client/small-authority.ts";

// A program of store.test.ts: node store-writer.ts DATA NOW.
const [data = "", time = ""] = process.argv.slice(2);
const now = Number(time);
const places = { ...placesOf("/", {}), data };
const deps = { places, uid: process.geteuid?.() ?? 0, now: () => now };
const shelf = { name: "hyades", places: clusterPlaces(places, "hyades") };
const authority = makeSshAuthority();
const grant = "ssh-root";
const offer = { grant, verb: "issue", kind: "ssh-user" } as const;

for (let round = 0; round < 60; round += 1) {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const times = { notBefore: now / 1000 - 60, notAfter: now / 1000 + 60 };
  const signed = authority.sign(sshLine(publicSshKey(key)), ["root"], times);
  const bounds = { notBefore: now - 60_000, notAfter: now + 60_000 };
  const facts = { cluster: "hyades", grant, authority: "ssh-user", subject: "kerberos:c@R", offer };
  const credential = {
    ...facts,
    ...bounds,
    ...signed,
    form: "ssh",
    key,
    principals: ["root"],
  } as const;
  keepCredential(deps, shelf, credential, { keyIn: "files" });
  // Another writer may be between taking the old one away and putting its own in place.
  let held = readCredential(deps, shelf, grant);
  for (let again = 0; held === undefined && again < 1000; again += 1) {
    held = readCredential(deps, shelf, grant);
  }
  if (held === undefined) process.exitCode = 1;
}
