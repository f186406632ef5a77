/** The suffix of the directory that tests have. */
export const BASE = "dc=example,dc=edu";

/** The account that a keyserver under test reads the directory with. */
export const READER = {
  dn: `cn=reader,ou=services,${BASE}`,
  password: "reader of the test directory",
} as const;

/** Passwords of the default people. */
export const PASSWORDS = {
  alice: "alice sings in the rain",
  bob: "bob builds at night",
  carol: "carol counts to ten",
} as const;

/** Groups of test/fixtures/policy.example.yaml, and who is in them. */
const GROUPS = {
  "hyades-users": ["alice", "bob"],
  "hyades-oncall": ["bob"],
  staff: ["bob", "carol"],
  active: ["alice", "bob", "carol"],
} as const;

/** Name of a person's entry; `user` needs no escaping. */
export const personDn = (user: string): string => `uid=${user},ou=people,${BASE}`;

const suffixLdif = `dn: ${BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=services,${BASE}
objectClass: organizationalUnit
ou: services

dn: ${READER.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${READER.password}
`;

const unitLdif = (name: string): string => `dn: ou=${name},${BASE}
objectClass: organizationalUnit
ou: ${name}
`;

const personLdif = (
  user: string,
  password: string,
  number: number,
): string => `dn: ${personDn(user)}
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: krbPrincipalAux
uid: ${user}
cn: ${user}
sn: ${user}
uidNumber: ${number}
gidNumber: ${number}
homeDirectory: /home/${user}
userPassword: ${password}
krbPrincipalName: ${user}@EXAMPLE.EDU
`;

/** The reader is a member of each, since a groupOfNames cannot be empty. */
const groupLdif = (
  name: string,
  members: readonly string[],
  number: number,
): string => `dn: cn=${name},ou=groups,${BASE}
objectClass: groupOfNames
cn: ${name}
member: ${READER.dn}
${members.map((user) => `member: ${personDn(user)}`).join("\n")}

dn: cn=${name},ou=posix,${BASE}
objectClass: posixGroup
cn: ${name}
gidNumber: ${number}
${members.map((user) => `memberUid: ${user}`).join("\n")}
`;

/** LDIF of the default entries: three people (`ou=people`), their groups (`ou=groups`, `ou=posix`), the reader. */
export const DEFAULT_ENTRIES = [
  suffixLdif,
  ...["people", "groups", "posix"].map(unitLdif),
  ...Object.entries(PASSWORDS).map(([user, password], index) =>
    personLdif(user, password, 10_001 + index),
  ),
  ...Object.entries(GROUPS).map(([name, members], index) =>
    groupLdif(name, members, 20_001 + index),
  ),
].join("\n");

/** LDIF that makes a person a member of a group of each kind, or takes the person out. */
export const membershipChange = (
  user: string,
  group: string,
  verb: "add" | "delete",
): string => `dn: cn=${group},ou=groups,${BASE}
changetype: modify
${verb}: member
member: ${personDn(user)}

dn: cn=${group},ou=posix,${BASE}
changetype: modify
${verb}: memberUid
memberUid: ${user}
`;
