import { BASE, DEFAULT_ENTRIES, READER } from "../harness/directory-entries.ts";
import { fqdn, SITE } from "./site.ts";

/** Where the KDC and the directory are. */
const HOST = fqdn("d1");

/** Passwords of the principals on d1. */
export const PASSWORD = "the same for everybody";

/** `/etc/krb5.conf` of every machine. Names are as they are written: there is no DNS. */
export const KRB5_CONF = `[libdefaults]
  default_realm = ${SITE.realm}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  ${SITE.realm} = {
    kdc = ${HOST}
  }
[domain_realm]
  .${SITE.domain} = ${SITE.realm}
`;

/** `/etc/krb5kdc/kdc.conf` of d1; one kind of key, since making keys is what takes time. */
export const KDC_CONF = `[realms]
  ${SITE.realm} = {
    master_key_type = aes256-cts
    supported_enctypes = aes256-cts:normal
    max_life = 10h
    default_principal_flags = +preauth
  }
`;

/** Files of d1's directory: its certificate is of an authority of its own. */
export const LDAP_TLS = {
  ca: "/etc/ldap/tls/ca.pem",
  certificate: "/etc/ldap/tls/d1.crt",
  key: "/etc/ldap/tls/d1.key",
} as const;

/** Makes {@link LDAP_TLS}. */
export const MAKE_LDAP_TLS = `mkdir -p /etc/ldap/tls && cd /etc/ldap/tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout ca.key -out ca.pem \\
  -subj "/CN=directory of the site" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout d1.key -out d1.crt \\
  -CA ca.pem -CAkey ca.key -subj "/CN=${HOST}" -addext subjectAltName=DNS:${HOST} \\
  -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth
chown openldap: d1.key && chmod 600 ca.key d1.key
`;

/** slapd.conf(5) of d1. */
export const SLAPD_CONF = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 2.16.840.1.113719.1.301.4.1.1 NAME 'krbPrincipalName'
  EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 2.16.840.1.113719.1.301.6.8.1 NAME 'krbPrincipalAux' SUP top AUXILIARY
  MAY krbPrincipalName )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /run/slapd/slapd.pid
TLSCACertificateFile ${LDAP_TLS.ca}
TLSCertificateFile ${LDAP_TLS.certificate}
TLSCertificateKeyFile ${LDAP_TLS.key}
security simple_bind=64
localSSF 256
database mdb
suffix ${BASE}
rootdn "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth"
directory /var/lib/ldap
index objectClass,uid,cn,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER.dn}" read by anonymous auth by * none
`;

/** People and groups. */
export const LDIF = DEFAULT_ENTRIES;

/** What keyserver reads of the directory, for the end of server.yaml. */
export const SERVER_YAML = `kerberos:
  keytab: /etc/keysystem/http.keytab
ldap:
  url: ldaps://${HOST}
  ca: /etc/keysystem/ldap-ca.pem
  bind: { dn: "${READER.dn}", password-file: /etc/keysystem/ldap.password }
  people: { base: "ou=people,${BASE}" }
  groups: { base: "ou=groups,${BASE}", kind: group-of-names }
`;

/** The password of that account. */
export const READER_PASSWORD = READER.password;
