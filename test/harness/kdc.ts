import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { runOk } from "./command.ts";
import { freePort } from "./port.ts";
import { type Daemon, startDaemon } from "./process.ts";
import { waitFor } from "./wait.ts";

/** Variables for a program that is to see these realms. */
export type KerberosEnvironment = Readonly<Record<string, string>>;

export type TicketOptions = {
  /** As kinit writes it: `5s`, `8h`. */
  readonly lifetime?: string;
  /** More arguments of kinit, before the principal: `-n`, `-E`, `-f`. */
  readonly args?: readonly string[];
  /** Added to the environment of kinit and of what is given back: a fake clock. */
  readonly env?: KerberosEnvironment;
};

/**
 * Real KDCs (MIT krb5kdc, Debian packages `krb5-kdc` and `krb5-user`) on loopback. Principals are written in
 * full, `name@REALM`; nothing of the machine's own Kerberos configuration is read.
 */
export type Kdc = {
  readonly folder: string;
  /** The port of each realm on 127.0.0.1, TCP. */
  readonly ports: ReadonlyMap<string, number>;
  /** KRB5_CONFIG alone, without any ticket. */
  readonly environment: KerberosEnvironment;
  /** Adds a principal. @throws Error with kadmin's words */
  addPrincipal(principal: string, password: string): Promise<void>;
  /** Adds a principal with a random key, or gives it a new one (the next kvno), and adds the key to a keytab. */
  addService(principal: string, keytab: string): Promise<void>;
  /** Any other request of kadmin.local: `("EXAMPLE.EDU", "modprinc", "+ok_to_auth_as_delegate", "HTTP/m1")`. */
  administer(realm: string, ...request: readonly string[]): Promise<string>;
  /** Gets a ticket into a cache of its own and gives KRB5_CONFIG and KRB5CCNAME. @throws Error with kinit's words */
  kinit(
    principal: string,
    password: string,
    options?: TicketOptions,
  ): Promise<KerberosEnvironment & { readonly KRB5CCNAME: string }>;
  /** Starts krb5kdc again, on the same ports, and waits until it listens. */
  start(): Promise<void>;
  /** Ends krb5kdc; databases and tickets stay. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const MASTER_PASSWORD = "master";
const TRUST_PASSWORD = "trust";
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Makes realms below `folder` (made when missing), each pair with cross-realm trust in both ways, and starts
 * one krb5kdc for all.
 */
export async function startKdc(options: {
  readonly folder: string;
  readonly realms?: readonly string[];
  /** Added to the environment of krb5kdc alone: a fake clock. */
  readonly env?: KerberosEnvironment;
}): Promise<Kdc> {
  const { folder, realms = ["EXAMPLE.EDU", "OTHER.REALM"], env = {} } = options;
  mkdirSync(folder, { recursive: true });
  const ports = await choosePorts(realms);
  writeFileSync(join(folder, "krb5.conf"), formatClientConfig(folder, ports));
  writeFileSync(join(folder, "kdc.conf"), formatServerConfig(folder, ports));
  const kdc = createKdc(folder, ports, env);
  await Promise.all(realms.map((realm) => createRealm(kdc, realm)));
  await kdc.start();
  return kdc;
}

function createKdc(
  folder: string,
  ports: ReadonlyMap<string, number>,
  extra: KerberosEnvironment,
): Kdc {
  const environment = { KRB5_CONFIG: join(folder, "krb5.conf") };
  const server = createServer(folder, ports, { ...environment, ...extra });
  let caches = 0;

  async function administer(realm: string, ...request: readonly string[]): Promise<string> {
    const env = serverEnvironment(folder, environment);
    return runOk("kadmin.local", ["-r", realm, ...request], { env });
  }

  return {
    folder,
    ports,
    environment,
    administer,
    async addPrincipal(principal, password) {
      await administer(realmOf(principal), "addprinc", "-pw", password, principal);
    },
    async addService(principal, keytab) {
      const realm = realmOf(principal);
      const listed = await administer(realm, "listprincs", principal);
      if (!listed.split("\n").includes(principal))
        await administer(realm, "addprinc", "-nokey", principal);
      await administer(realm, "ktadd", "-k", keytab, principal);
    },
    async kinit(principal, password, { lifetime, args = [], env = {} } = {}) {
      caches += 1;
      const KRB5CCNAME = `FILE:${join(folder, `tickets-${caches}`)}`;
      const found = { ...environment, ...env, KRB5CCNAME };
      const life = lifetime === undefined ? [] : ["-l", lifetime];
      await runOk("kinit", [...life, ...args, principal], {
        env: { ...found, PATH },
        stdin: `${password}\n`,
      });
      return found;
    },
    ...server,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** The process that answers for all realms. */
function createServer(
  folder: string,
  ports: ReadonlyMap<string, number>,
  environment: KerberosEnvironment,
): Pick<Kdc, "start" | "stop"> {
  let running: Daemon | undefined;
  const realms = [...ports.keys()].flatMap((realm) => ["-r", realm]);
  const log = join(folder, "krb5kdc.out");
  return {
    async start() {
      const env = serverEnvironment(folder, environment);
      const daemon = startDaemon("krb5kdc", ["-n", ...realms], { log, env });
      running = daemon;
      await waitFor("krb5kdc listens", async () => {
        if (daemon.hasEnded()) throw new Error(daemon.output());
        return (await Promise.all([...ports.values()].map(isOpen))).every(Boolean);
      });
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
}

const serverEnvironment = (folder: string, environment: KerberosEnvironment) => ({
  ...environment,
  KRB5_KDC_PROFILE: join(folder, "kdc.conf"),
  PATH,
});

async function createRealm(kdc: Kdc, realm: string): Promise<void> {
  const env = serverEnvironment(kdc.folder, kdc.environment);
  await runOk("kdb5_util", ["-r", realm, "create", "-s", "-P", MASTER_PASSWORD], { env });
  for (const other of kdc.ports.keys()) {
    if (other === realm) continue;
    for (const [from, to] of [
      [realm, other],
      [other, realm],
    ])
      await kdc.administer(realm, "addprinc", "-pw", TRUST_PASSWORD, `krbtgt/${to}@${from}`);
  }
}

/** One free port for each realm, no two alike. */
async function choosePorts(realms: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  while (ports.size < realms.length) {
    const port = await freePort();
    const realm = realms[ports.size];
    if (realm !== undefined && ![...ports.values()].includes(port)) ports.set(realm, port);
  }
  return ports;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.on("connect", () => settle(true)).on("error", () => settle(false));
  });
}

const realmOf = (principal: string): string => principal.slice(principal.lastIndexOf("@") + 1);

/** No DNS, no UDP, and host names as they are written. */
function formatClientConfig(folder: string, ports: ReadonlyMap<string, number>): string {
  const [first] = ports.keys();
  const realms = [...ports].map(
    ([realm, port]) => `  ${realm} = {\n    kdc = 127.0.0.1:${port}\n  }`,
  );
  return `[libdefaults]
  default_realm = ${first ?? ""}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  qualify_shortname = ""
  udp_preference_limit = 1
  default_ccache_name = FILE:${join(folder, "no-tickets")}
  default_keytab_name = FILE:${join(folder, "no-keytab")}
  default_client_keytab_name = FILE:${join(folder, "no-client-keytab")}
[realms]
${realms.join("\n")}
`;
}

/** Databases in folders of their own; one kind of key, since making keys is what takes time. */
function formatServerConfig(folder: string, ports: ReadonlyMap<string, number>): string {
  const realms = [...ports].map(([realm, port]) => {
    const base = join(folder, realm);
    mkdirSync(base, { recursive: true });
    return `  ${realm} = {
    database_name = ${join(base, "principal")}
    acl_file = ${join(base, "kadm5.acl")}
    key_stash_file = ${join(base, "stash")}
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:${port}
    master_key_type = aes256-cts
    supported_enctypes = aes256-cts:normal
    max_life = 24h
    max_renewable_life = 7d
    default_principal_flags = +preauth
  }`;
  });
  return `[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = ""
[realms]
${realms.join("\n")}
[logging]
  kdc = FILE:${join(folder, "krb5kdc.log")}
  admin_server = FILE:${join(folder, "kadmin.log")}
  default = FILE:${join(folder, "krb5.log")}
`;
}
