import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDistinguishedName } from "../../server/directory/distinguished-name.ts";
import { findPerson, type FoundPerson } from "../../server/directory/find-person.ts";
import type { LdapConnection } from "../../server/directory/ldap-connection.ts";
import { LdapFault } from "../../server/directory/ldap-fault.ts";
import { type LdapSettings, parseLdapConfig } from "../../server/directory/ldap-settings.ts";
import { createOpener } from "../../server/directory/open-connection.ts";
import { BASE } from "../harness/directory-entries.ts";
import { ldapConfigOf } from "../harness/ldap-config.ts";
import { type Slapd, startSlapd } from "../harness/slapd.ts";

/** Names that mean something in a filter (RFC 4515), in a name (RFC 4514), or after folding. */
const NASTY = [
  "*",
  "a*",
  ")(uid=*",
  "*)(|(uid=*",
  String.raw`\00`,
  String.raw`\2a`,
  "a,ou=x",
  "a+cn=b",
  "#04",
  "#",
  " leading",
  "trailing ",
  "two  spaces",
  "\u017ftaff",
  "\u212aelvin",
  "\u0430lice",
  "a\u0301",
  "\u00e1",
  "nul\0byte",
  "line\nfeed",
  'quo"te',
  String.raw`back\slash`,
  "semi;colon",
  "a=b",
  "<>",
  "(",
  "\ufeffbom",
  "\u202eright",
  "\u{1f511}",
] as const;

const folder = mkdtempSync(join(tmpdir(), "directory-names-"));
let slapd: Slapd;
let settings: LdapSettings;
let connection: LdapConnection;

/** What the inner question says, behind the check of names: everything here reaches the directory. */
async function find(value: string): Promise<FoundPerson | "several" | undefined> {
  try {
    const warn = (): void => undefined;
    return await findPerson(connection, { settings, warn }, { attribute: "uid", value });
  } catch (error) {
    if (error instanceof LdapFault && error.concern === "person") return "several";
    throw error;
  }
}

const nameOf = (value: string): string =>
  `${formatDistinguishedName([[{ type: "uid", value, encoded: false }]])},ou=people,${BASE}`;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A person who is the one member of the group `mark`. */
const entryOf = (value: string, mark: string): string => `dn:: ${base64(nameOf(value))}
objectClass: inetOrgPerson
uid:: ${base64(value)}
cn: odd
sn: odd

dn: cn=${mark},ou=groups,${BASE}
objectClass: groupOfNames
cn: ${mark}
member:: ${base64(nameOf(value))}
`;

const deletionOf = (value: string, mark: string): string => `dn:: ${base64(nameOf(value))}
changetype: delete

dn: cn=${mark},ou=groups,${BASE}
changetype: delete
`;

beforeAll(async () => {
  slapd = await startSlapd({ folder: join(folder, "slapd") });
  const groups = { base: `ou=groups,${BASE}`, kind: "group-of-names" } as const;
  settings = parseLdapConfig(ldapConfigOf(slapd, { groups }));
  connection = await createOpener(settings).openAsReader(new AbortController().signal);
});
afterAll(async () => {
  connection.close();
  await slapd.stop();
  rmSync(folder, { recursive: true });
});

describe("a name that nobody has finds nobody", () => {
  test.for(NASTY)("%j", async (name) => expect(await find(name)).toBeUndefined());

  test("nor does any text but those that are there", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(...Array.from("alice*()\\,=+#;0 |&!~<>:\0\u017f")) }),
      fc.constantFrom("alice", "bob", "carol").map((name) => `${name}*`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const found = await find(value);
        expect(found === undefined || ["alice", "bob", "carol"].includes(value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("text that is not Unicode is nobody", async () =>
    expect(await find("alice\ud800")).toBeUndefined());
});

describe("a name that somebody has finds this one and no other", () => {
  test.for(NASTY.map((name, index) => [name, `nasty-${index}`] as const))(
    "%j",
    async ([name, mark]) => {
      const group = { user: name, groups: [mark] };
      await slapd.addEntries(entryOf(name, mark));
      expect(await find(name)).toMatchObject({ entry: group });
      // Taken away again, since the directory takes some of these names for the same.
      await slapd.modify(deletionOf(name, mark));
      expect(await find(name)).toBeUndefined();
    },
  );

  test("whatever it is, as far as the directory takes it", async () => {
    const values = fc.sample(fc.string({ unit: "binary", minLength: 1, maxLength: 12 }), {
      seed: 41,
      numRuns: 80,
    });
    let known = 0;
    for (const [index, value] of values.filter((one) => one.isWellFormed()).entries()) {
      const mark = `sample-${index}`;
      if (!(await isAdded(value, mark))) continue;
      known += 1;
      const found = await find(value);
      // Two names can be one to the directory: then nobody may have either.
      if (found !== "several")
        expect(found).toMatchObject({ entry: { user: value, groups: [mark] } });
    }
    expect(known).toBeGreaterThan(40);
  });
});

async function isAdded(value: string, mark: string): Promise<boolean> {
  try {
    await slapd.addEntries(entryOf(value, mark));
    return true;
  } catch {
    return false;
  }
}

test("names that are one to the directory are two people to nobody", async () => {
  await slapd.addEntries(entryOf("sierra", "plain"));
  expect(await find("sierra")).toMatchObject({ entry: { user: "sierra" } });
  for (const name of ["\u017fierra", "SIERRA", "sierra ", "\uff53ierra"]) {
    expect(await find(name)).toBeUndefined();
  }
});
