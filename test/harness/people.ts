import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { LdapConfig } from "../../server/directory/ldap-config.ts";
import { type Cluster, createCluster } from "./cluster.ts";
import { run } from "./command.ts";
import { exampleOnLoopback } from "./example-policy.ts";
import { type Kdc, type KerberosEnvironment, startKdc } from "./kdc.ts";
import { type Slapd, startSlapd } from "./slapd.ts";
import { nodesAnchor } from "./test-node.ts";

/** The service whose tickets the keyserver takes. */
export const SERVICE = "HTTP/localhost@EXAMPLE.EDU";

/** Everybody who has a ticket; the realm's users first. */
export const PRINCIPALS = [
  "cela/root@EXAMPLE.EDU",
  "cela@EXAMPLE.EDU",
  "huy/root@EXAMPLE.EDU",
  "alice@EXAMPLE.EDU",
  "bob@EXAMPLE.EDU",
  "carol@EXAMPLE.EDU",
  "alice@OTHER.REALM",
] as const;

/** Addresses of loopback, by what they are in {@link peoplePolicy}. */
export const PLACES = {
  office: "127.0.0.1",
  otherOffice: "127.0.0.2",
  abroad: "127.0.2.1",
} as const;

/** Changes to the example policy. */
export type PolicyChanges = {
  /** How old an answer of the directory may be: `1s`. */
  readonly maxAge?: string;
  /** `{ use-last: 1h }`, as YAML. */
  readonly whenUnreachable?: string;
  /** Texts of the example, each of which must occur, and what stands there instead. */
  readonly replace?: readonly (readonly [string, string])[];
};

/**
 * The example policy with nodes in 127.0.1.0/24 and offices in 127.0.0.0/24; nothing else of loopback is an office.
 *
 * @throws TypeError for a text to replace that is not there
 */
export function peoplePolicy(changes: PolicyChanges = {}): string {
  const { maxAge = "5m", whenUnreachable = "deny", replace = [] } = changes;
  const all: PolicyChanges["replace"] = [
    ["offices: [10.9.0.0/16,", "offices: [127.0.0.0/24,"],
    ["from: 10.9.4.7", "from: 127.0.0.7"],
    ["from: 10.9.1.1", "from: 127.0.0.9"],
    [
      "{ max-age: 5m,  when-unreachable: deny }",
      `{ max-age: ${maxAge}, when-unreachable: ${whenUnreachable} }`,
    ],
    ...replace,
  ];
  return all.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new TypeError(`the example policy has no ${from}`);
    return text.replaceAll(from, to);
  }, exampleOnLoopback());
}

/** Somebody with a ticket; `environment` holds KRB5_CONFIG and KRB5CCNAME. */
export type Person = { readonly principal: string; readonly environment: KerberosEnvironment };

/** An answer as curl wrote it; names of headers in lower case, of equal ones the last. */
export type CurlAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The code of the first problem in the answer; empty when there is none. */
  readonly code: string;
};

export type AskOptions = {
  /** Local address of the connection; {@link PLACES}. */
  readonly from?: string;
  /** More arguments of curl, such as `-X` and `DELETE`. */
  readonly args?: readonly string[];
};

export type PeopleOptions = {
  /** Text of the policy; that of {@link peoplePolicy} when absent. */
  readonly policy?: string;
  /** Keys of `ldap:` instead of the usual ones; false: there is no directory at all. */
  readonly ldap?: Partial<LdapConfig> | false;
  /** Whether passwords of the directory are taken. */
  readonly passwords?: boolean;
  /** False: `kerberos:` is not in server.yaml. */
  readonly kerberos?: boolean;
  /** LDIF beside the default entries, and lines for slapd.conf. */
  readonly entries?: string;
  readonly slapdSettings?: string;
  /** Lines for the end of server.yaml: `clients:`, `log: debug`. */
  readonly serverYaml?: string;
};

/** Real KDCs, a real directory and a keyserver that asks them; all end with it. */
export type PeopleCluster = AsyncDisposable & {
  readonly cluster: Cluster;
  readonly kdc: Kdc;
  /** @throws TypeError where there is none */
  slapd(): Slapd;
  /** `https://localhost:PORT`, by which tickets are for {@link SERVICE}. */
  readonly url: string;
  /** PEM file of what the server's certificate leads to. */
  readonly anchorFile: string;
  /** The principal with a fresh ticket; the principal must be of {@link PRINCIPALS}, or have been added. */
  person(principal: string): Promise<Person>;
  /** Adds a principal that {@link PeopleCluster.person} knows. */
  addPrincipal(principal: string): Promise<void>;
  /** Asks by SPNEGO, as curl does it. A text is sent as it is, anything else as JSON; without a body it is GET. */
  ask(person: Person, path: string, body?: unknown, options?: AskOptions): Promise<CurlAnswer>;
  /** Asks with a password (RFC 7617), or without any identity when there are no credentials. */
  askBasic(
    credentials: readonly [user: string, password: string] | undefined,
    path: string,
    body?: unknown,
    options?: AskOptions,
  ): Promise<CurlAnswer>;
};

const TICKET_PASSWORD = "the same for everybody";

/** Starts everything and waits until it answers. */
export async function startPeopleCluster(options: PeopleOptions = {}): Promise<PeopleCluster> {
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "people-"));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [kdc, slapd] = await Promise.all([
    startRealms(folder).then((started) => cleanup.use(started)),
    options.ldap === false
      ? undefined
      : startDirectory(folder, options).then((started) => cleanup.use(started)),
  ]);
  const keytab = join(folder, "http.keytab");
  await kdc.addService(SERVICE, keytab);
  const cluster = await createCluster({
    policy: options.policy ?? peoplePolicy(),
    names: ["localhost"],
    env: kdc.environment,
  });
  cleanup.use(cluster);
  const yaml = formatServerYaml(options, keytab, slapd);
  appendFileSync(join(cluster.root, "etc/keysystem/server.yaml"), yaml);
  await cluster.start();
  const owned = cleanup.move();
  return {
    cluster,
    kdc,
    slapd() {
      if (slapd === undefined) throw new TypeError("there is no directory");
      return slapd;
    },
    ...createAsking(cluster),
    addPrincipal: (principal) => kdc.addPrincipal(principal, TICKET_PASSWORD),
    person: async (principal) => ({
      principal,
      environment: await kdc.kinit(principal, TICKET_PASSWORD),
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startRealms(folder: string): Promise<Kdc> {
  const kdc = await startKdc({ folder: join(folder, "kdc") });
  // One at a time: kadmin.local locks the database.
  for (const principal of PRINCIPALS) await kdc.addPrincipal(principal, TICKET_PASSWORD);
  return kdc;
}

async function startDirectory(
  folder: string,
  { entries, slapdSettings }: PeopleOptions,
): Promise<Slapd> {
  return startSlapd({
    folder: join(folder, "slapd"),
    ...(entries === undefined ? {} : { entries }),
    ...(slapdSettings === undefined ? {} : { settings: slapdSettings }),
  });
}

function formatServerYaml(
  { ldap, passwords, kerberos = true, serverYaml = "" }: PeopleOptions,
  keytab: string,
  slapd: Slapd | undefined,
): string {
  const tickets = kerberos ? { kerberos: { keytab, service: SERVICE } } : {};
  if (slapd === undefined) return (kerberos ? stringify(tickets) : "") + serverYaml;
  const asked = passwords === undefined ? {} : { passwords };
  return stringify({ ...tickets, ldap: { ...ldapConfig(slapd), ...asked, ...ldap } }) + serverYaml;
}

/** `ldap:` of server.yaml for the directory of the tests. */
export const ldapConfig = ({ ldaps, caFile, bind, base }: Slapd): LdapConfig => ({
  url: ldaps,
  ca: caFile,
  bind: { dn: bind.dn, "password-file": bind.passwordFile },
  people: { base: `ou=people,${base}` },
  groups: { base: `ou=groups,${base}`, kind: "group-of-names" },
});

type Asking = Pick<PeopleCluster, "url" | "anchorFile" | "ask" | "askBasic">;

/** Debian's curl as the client: it shares no code with ours. */
function createAsking(cluster: Cluster): Asking {
  const url = `https://localhost:${cluster.address.split(":")[1] ?? ""}`;
  const anchorFile = join(cluster.folder, "anchor.pem");
  writeFileSync(anchorFile, nodesAnchor(cluster));
  const ask = (
    proof: readonly string[],
    environment: KerberosEnvironment,
    path: string,
    body: unknown,
    { from = PLACES.office, args = [] }: AskOptions = {},
  ): Promise<CurlAnswer> => {
    const connection = ["-q", "-4", "-sS", "-i", "--cacert", anchorFile, "--interface", from];
    const json = ["-H", "content-type: application/json", "-H", "expect:", "--data-binary", "@-"];
    const sent = body === undefined ? [] : json;
    const stdin = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const asked = [...connection, ...proof, ...sent, ...args, "--path-as-is", `${url}${path}`];
    return curl(asked, environment, stdin);
  };
  return {
    url,
    anchorFile,
    ask: ({ environment }, path, body, options) =>
      ask(["--negotiate", "-u", ":"], environment, path, body, options),
    askBasic: (credentials, path, body, options) =>
      ask(
        credentials === undefined ? [] : ["--basic", "-u", credentials.join(":")],
        {},
        path,
        body,
        options,
      ),
  };
}

async function curl(
  args: readonly string[],
  environment: KerberosEnvironment,
  stdin: string | undefined,
): Promise<CurlAnswer> {
  const { code, stdout, stderr } = await run("curl", args, {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    ...(stdin === undefined ? {} : { stdin }),
    timeout: 60,
  });
  // What is longer than the limit is cut off while it is being sent; the answer may be lost on the way then.
  if (CUT_OFF.includes(code) && !stdout.includes("\r\n\r\n")) return NO_ANSWER;
  if (code !== 0 && !CUT_OFF.includes(code)) throw new Error(`curl ended with ${code}: ${stderr}`);
  return parseAnswer(stdout);
}

/** curl's exit codes for a connection that ended while it was sending or receiving. */
const CUT_OFF: readonly number[] = [55, 56];

/** What is given where the connection was cut and no answer came. */
const NO_ANSWER: CurlAnswer = { status: 0, headers: {}, body: "", code: "" };

/** The last answer of those that `curl -i` wrote, one after the other. */
function parseAnswer(written: string): CurlAnswer {
  const end = written.indexOf("\r\n\r\n");
  const [first = "", ...lines] = written.slice(0, end).split("\r\n");
  const rest = written.slice(end + 4);
  if (rest.startsWith("HTTP/1.1 ")) return parseAnswer(rest);
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const [, code = ""] = /"urn:keysystem:error:([a-z_.]+)"/.exec(rest) ?? [];
  const status = Number(first.split(" ")[1]);
  return { status, headers: Object.fromEntries(headers), body: rest, code };
}
