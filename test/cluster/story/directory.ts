import { KDC_CONF, KRB5_CONF, LDIF, MAKE_LDAP_TLS, PASSWORD, SLAPD_CONF } from "../directory.ts";
import { fqdn, SITE } from "../site.ts";
import type { Part, Stage } from "../stage.ts";
import { until } from "../until.ts";

/** Whom the KDC knows. cela is an administrator; alice and bob are in the directory too. */
const PEOPLE = ["cela", "cela/root", "alice", "bob"] as const;

/** What a site has before it has Keysystem: a KDC and a directory. */
export const directoryPart: Part = {
  name: "directory",
  about: "d1 knows people: Debian's krb5-kdc and slapd",
  needs: ["machines"],
  machines: ["d1"],
  begin: (stage) => ({
    steps: [
      {
        title: "d1: a KDC with cela, cela/root, alice and bob, and a key for the keyserver",
        essential: true,
        play: () => startKdc(stage),
      },
      {
        title: "d1: a directory with groups, over TLS only",
        essential: true,
        play: () => startDirectory(stage),
      },
      { title: "d1: cela gets a ticket", play: () => tryTicket(stage) },
    ],
  }),
};

async function startKdc(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await d1.write("/etc/krb5.conf", KRB5_CONF);
  await d1.write("/etc/krb5kdc/kdc.conf", KDC_CONF);
  // The master key is drawn from the password: nothing else here is worth guarding.
  await d1.type(`kdb5_util create -s -r ${SITE.realm} -P 'the master of the test realm'`);
  const requests = [
    ...PEOPLE.map((name) => `addprinc -pw "${PASSWORD}" ${name}`),
    `addprinc -randkey HTTP/${fqdn("m1")}`,
    `ktadd -k /root/http.keytab HTTP/${fqdn("m1")}`,
  ];
  for (const request of requests) await d1.ok(["kadmin.local", "-q", request]);
  await d1.type("systemctl start krb5-kdc");
}

async function startDirectory(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await d1.type(MAKE_LDAP_TLS);
  await d1.write("/etc/ldap/slapd.conf", SLAPD_CONF);
  await d1.write(
    "/etc/default/slapd",
    `SLAPD_CONF=/etc/ldap/slapd.conf\nSLAPD_USER=openldap\nSLAPD_GROUP=openldap\nSLAPD_SERVICES="ldaps:/// ldapi:///"\n`,
  );
  await d1.type("rm -rf /var/lib/ldap/* && systemctl start slapd");
  await until("slapd answers", async () => {
    const { code } = await d1.run(["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"]);
    return code === 0;
  });
  await d1.ok(["ldapadd", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///"], { stdin: LDIF });
}

async function tryTicket(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await d1.ok(["kinit", "-c", "FILE:/tmp/try", "cela"], { stdin: `${PASSWORD}\n` });
  await d1.ok(["klist", "-s", "-c", "FILE:/tmp/try"]);
  const { code } = await d1.run(["kinit", "-c", "FILE:/tmp/try", "cela"], { stdin: "wrong\n" });
  if (code === 0) throw new Error("a wrong password gives a ticket");
}
