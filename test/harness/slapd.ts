import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, runOk } from "./command.ts";
import { BASE, DEFAULT_ENTRIES, membershipChange, READER } from "./directory-entries.ts";
import { freePort } from "./port.ts";
import { type Daemon, startDaemon } from "./process.ts";
import { makeTlsFiles, type TlsFiles } from "./tls-files.ts";
import { waitFor } from "./wait.ts";

const ADMIN = { dn: `cn=admin,${BASE}`, password: "admin of the test directory" } as const;

/** A real slapd on loopback with a certificate for `localhost` and `127.0.0.1`. */
export type Slapd = AsyncDisposable & {
  /** `ldaps://localhost:PORT`. */
  readonly ldaps: string;
  /** `ldap://localhost:PORT`, for StartTLS; a password without TLS is refused there. */
  readonly ldap: string;
  /** PEM of the authority that its certificate is of. */
  readonly caFile: string;
  /** The reader's account; it may read everything but passwords. */
  readonly bind: { readonly dn: string; readonly password: string; readonly passwordFile: string };
  readonly base: string;
  /** Adds entries; LDIF with full names. */
  addEntries(ldif: string): Promise<void>;
  /** Applies LDIF with `changetype`. */
  modify(ldif: string): Promise<void>;
  /** Makes a person of ou=people a member of a group of each kind (`ou=groups`, `ou=posix`). */
  addToGroup(user: string, group: string): Promise<void>;
  removeFromGroup(user: string, group: string): Promise<void>;
  /** Starts it again on the same ports, with other TLS files if given. */
  start(tls?: TlsFiles): Promise<void>;
  stop(): Promise<void>;
  /** Lets it stand still: it takes connections and answers nothing, until `resume`. */
  stall(): Promise<void>;
  resume(): void;
  /** Its process. @throws TypeError before it was started. */
  daemon(): Daemon;
};

export type SlapdOptions = {
  /** Empty or absent folder of its own. */
  readonly folder: string;
  /** LDIF that is added to the default entries. */
  readonly entries?: string;
  /** Lines for the end of slapd.conf, about the database. */
  readonly settings?: string;
};

/** Starts slapd with the default entries: alice, bob, carol and the groups of the example policy. */
export async function startSlapd({
  folder,
  entries = "",
  settings = "",
}: SlapdOptions): Promise<Slapd> {
  mkdirSync(join(folder, "db"), { recursive: true });
  const passwordFile = join(folder, "reader.password");
  writeFileSync(passwordFile, `${READER.password}\n`, { mode: 0o600 });
  const tls = await makeTlsFiles(join(folder, "tls"));
  const ports = { ldap: await freePort(), ldaps: await freePort() };
  const server = createServer({ folder, settings, ports, tls });
  await server.start();
  const editor = createEditor(server.ldapi);
  await editor.addEntries(`${DEFAULT_ENTRIES}\n${entries}`);
  return {
    ldaps: `ldaps://localhost:${ports.ldaps}`,
    ldap: `ldap://localhost:${ports.ldap}`,
    caFile: tls.ca,
    bind: { ...READER, passwordFile },
    base: BASE,
    ...editor,
    start: server.start,
    stop: server.stop,
    stall: () => stall(server.daemon()),
    resume: () => void process.kill(server.daemon().pid, "SIGCONT"),
    daemon: server.daemon,
    [Symbol.asyncDispose]: server.stop,
  };
}

type ServerOptions = {
  readonly folder: string;
  readonly settings: string;
  readonly ports: { readonly ldap: number; readonly ldaps: number };
  readonly tls: TlsFiles;
};

type Server = Pick<Slapd, "start" | "stop" | "daemon"> & { readonly ldapi: string };

function createServer({ folder, settings, ports, tls: usual }: ServerOptions): Server {
  let daemon: Daemon | undefined;
  const ldapi = `ldapi://${encodeURIComponent(join(folder, "ldapi"))}`;
  const urls = `ldap://127.0.0.1:${ports.ldap}/ ldaps://127.0.0.1:${ports.ldaps}/ ${ldapi}`;
  return {
    ldapi,
    async start(tls = usual) {
      const file = join(folder, "slapd.conf");
      writeFileSync(file, formatSettings(folder, tls, settings), { mode: 0o600 });
      // With -d it stays in the foreground, a child of the test.
      const args = ["-d", "stats", "-h", urls, "-f", file];
      const started = startDaemon("/usr/sbin/slapd", args, { log: join(folder, "slapd.log") });
      daemon = started;
      await waitFor("slapd", async () => started.hasEnded() || (await isAnswering(ldapi)), 60);
      if (started.hasEnded()) throw new Error(`slapd ended\n${started.output()}`);
    },
    async stop() {
      await daemon?.stop();
    },
    daemon() {
      if (daemon === undefined) throw new TypeError("slapd has not been started");
      return daemon;
    },
  };
}

/** The signal reaches one thread after the other. */
async function stall({ pid }: Daemon): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await waitFor("slapd standing still", () => {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").includes(") T "),
    );
  });
}

const asAdmin = (ldapi: string): readonly string[] =>
  ["-H", ldapi, "-x", "-D", ADMIN.dn, "-w", ADMIN.password] as const;

async function isAnswering(ldapi: string): Promise<boolean> {
  const { code } = await run("/usr/bin/ldapwhoami", asAdmin(ldapi));
  return code === 0;
}

type Editor = Pick<Slapd, "addEntries" | "modify" | "addToGroup" | "removeFromGroup">;

function createEditor(ldapi: string): Editor {
  const edit = async (options: readonly string[], stdin: string): Promise<void> => {
    await runOk("/usr/bin/ldapmodify", [...asAdmin(ldapi), ...options], { stdin });
  };
  return {
    addEntries: (ldif) => edit(["-a"], ldif),
    modify: (ldif) => edit([], ldif),
    addToGroup: (user, group) => edit([], membershipChange(user, group, "add")),
    removeFromGroup: (user, group) => edit([], membershipChange(user, group, "delete")),
  };
}

const SCHEMAS = ["core", "cosine", "inetorgperson", "nis"]
  .map((name) => `include /etc/ldap/schema/${name}.schema`)
  .join("\n");

/** As MIT Kerberos' own schema has it. */
const PRINCIPAL_NAME = `attributetype ( 2.16.840.1.113719.1.301.4.1.1 NAME 'krbPrincipalName'
  EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 2.16.840.1.113719.1.301.6.8.1 NAME 'krbPrincipalAux' SUP top AUXILIARY
  MAY krbPrincipalName )`;

/** slapd.conf(5). A password is taken over TLS and the local socket only. */
const formatSettings = (folder: string, tls: TlsFiles, settings: string): string => `${SCHEMAS}
${PRINCIPAL_NAME}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCACertificateFile "${tls.ca}"
TLSCertificateFile "${tls.certificate}"
TLSCertificateKeyFile "${tls.key}"
TLSProtocolMin 3.3
security simple_bind=64
localSSF 256
database mdb
suffix ${BASE}
rootdn ${ADMIN.dn}
rootpw "${ADMIN.password}"
directory "${join(folder, "db")}"
dbnosync
index objectClass,uid,cn,member,memberUid,krbPrincipalName eq
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER.dn}" read by anonymous auth by * none
${settings}
`;
