import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { etcdCommand } from "../../../client/request/commands/etcd.ts";
import { credentialFolder } from "../../../client/request/held/store.ts";
import { runOk } from "../../harness/command.ts";
import { anchorOf, clientOffer, makeIssuedPerson, type IssuedPerson } from "./issuing.ts";

const ADMIN = clientOffer("etcd-admin", "etcd-client");
const KUBE = clientOffer("kube-user", "kubernetes");
const MEMBERS = ["https://m1:2379", "https://m2:2379"];

const run = (person: IssuedPerson, words: readonly string[] = [], more: object = {}) =>
  etcdCommand(
    {
      ...person.deps,
      environment: { PATH: "/usr/bin:/bin", OUT: person.deps.places.home, ...more },
    },
    person.output(),
    words,
    {},
  );

/** The variables of etcdctl that a program saw. */
async function seen(person: IssuedPerson, args: readonly string[] = [], more: object = {}) {
  await run(
    person,
    ["sh", "-c", 'env | grep ^ETCDCTL_ | sort > "$OUT/seen"', "etcdctl", ...args],
    more,
  );
  const text = readFileSync(join(person.deps.places.home, "seen"), "utf8");
  return Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((line) => line.split("=", 2)),
  );
}

const filesOf = ({ cluster }: IssuedPerson) => {
  const folder = credentialFolder(cluster, "etcd-admin");
  return {
    ETCDCTL_API: "3",
    ETCDCTL_CACERT: join(cluster.places.anchors, "etcd-server.pem"),
    ETCDCTL_CERT: join(folder, "certificate.pem"),
    ETCDCTL_KEY: join(folder, "key.pem"),
  };
};

test("a program finds certificate, key, members, and the anchors of etcd's servers", async () => {
  const person = makeIssuedPerson([KUBE, ADMIN], { people: { etcd: MEMBERS } });
  const variables = await seen(person);
  expect(variables).toEqual({ ...filesOf(person), ETCDCTL_ENDPOINTS: MEMBERS.join(",") });
  expect(readFileSync(variables["ETCDCTL_CACERT"] ?? "", "utf8")).toBe(anchorOf("etcd-server"));
  expect(statSync(variables["ETCDCTL_KEY"] ?? "").mode & 0o777).toBe(0o600);
  expect(person.said.out).toBe("");
});

test("members are the caller's where they set them, and nobody's where nobody knows them", async () => {
  const person = makeIssuedPerson([ADMIN], { people: { etcd: MEMBERS } });
  const given = await seen(person, [], { ETCDCTL_ENDPOINTS: "https://other:2379" });
  expect(given["ETCDCTL_ENDPOINTS"]).toBe("https://other:2379");
  const nobody = makeIssuedPerson([ADMIN]);
  expect(await seen(nobody)).toEqual(filesOf(nobody));
});

test.for([
  { args: ["--endpoints", "h:1", "get", "k"], lacks: "ETCDCTL_ENDPOINTS" },
  { args: ["--endpoints=h:1"], lacks: "ETCDCTL_ENDPOINTS" },
  { args: ["get", "k", "--cert=x"], lacks: "ETCDCTL_CERT" },
  { args: ["--key", "x"], lacks: "ETCDCTL_KEY" },
  { args: ["--cacert", "x"], lacks: "ETCDCTL_CACERT" },
])("a flag that is given is not contradicted: $args", async ({ args, lacks }) => {
  const person = makeIssuedPerson([ADMIN], { people: { etcd: MEMBERS } });
  const variables = await seen(person, args);
  const all = { ...filesOf(person), ETCDCTL_ENDPOINTS: MEMBERS.join(",") };
  expect(Object.keys(all).filter((name) => !(name in variables))).toEqual([lacks]);
});

test("a flag's likeness is none", async () => {
  const person = makeIssuedPerson([ADMIN], { people: { etcd: MEMBERS } });
  const variables = await seen(person, ["put", "--cert-like", "--keys", "--endpoints-not=x"]);
  expect(Object.keys(variables)).toHaveLength(5);
});

test("without an authority for etcd's servers, the clients' anchors stand in", async () => {
  const person = makeIssuedPerson([ADMIN]);
  const { edge } = person;
  const authorities = edge.trust.authorities.filter(({ name }) => name !== "etcd-server");
  edge.trust = { ...edge.trust, authorities };
  const { ETCDCTL_CACERT = "" } = await seen(person);
  expect(readFileSync(ETCDCTL_CACERT, "utf8")).toBe(anchorOf("etcd-client"));
});

test("without a program, prints what a shell takes, whatever the paths are", async () => {
  const person = makeIssuedPerson([ADMIN], {
    people: { etcd: ["https://m1:2379/it's $(touch x)"] },
  });
  expect(await run(person)).toBe(0);
  expect(person.said.out).toMatch(/^(?:export ETCDCTL_[A-Z]+='.*'\n){5}$/);
  const script = `${person.said.out}printf '%s|%s' "$ETCDCTL_ENDPOINTS" "$ETCDCTL_KEY"`;
  const said = await runOk("sh", ["-c", script], { env: { PATH: "/usr/bin:/bin" } });
  expect(said).toBe(`https://m1:2379/it's $(touch x)|${filesOf(person).ETCDCTL_KEY}`);
});

test("with --json, prints them as one document", async () => {
  const person = makeIssuedPerson([ADMIN]);
  await etcdCommand(person.deps, person.output(true), [], {});
  expect(JSON.parse(person.said.out)).toMatchObject({
    schema: 1,
    grant: "etcd-admin",
    subject: "kerberos:cela@EXAMPLE.EDU",
    notAfter: "2027-01-15T09:00:00Z",
    environment: filesOf(person),
  });
});

test("the exit code is the program's, and a certificate for Kubernetes is none for etcd", async () => {
  expect(await run(makeIssuedPerson([ADMIN]), ["sh", "-c", "exit 7"])).toBe(7);
  const person = makeIssuedPerson([KUBE]);
  await expect(run(person, ["true"])).rejects.toMatchObject({
    exit: 3,
    message: "no grant gives people a certificate of etcd-client",
  });
});
