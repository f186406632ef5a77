import type { Certificate, Extension } from "./certificate.ts";
import { DerReader, readDer, TAG } from "./der-reader.ts";
import { FormatError } from "./format-error.ts";
import { formatAddress } from "./ip-address.ts";
import { OID } from "./object-identifiers.ts";

/** What a certificate of ours says, in the policy's terms. */
export type CertificateProfile = {
  readonly cn: string;
  readonly o: readonly string[];
  readonly ca: boolean;
  readonly keyUsage: readonly (
    "digitalSignature" | "keyEncipherment" | "keyCertSign" | "cRLSign"
  )[];
  readonly usage: readonly ("server" | "client")[];
  readonly dns: readonly string[];
  /** Canonical text. */
  readonly ip: readonly string[];
  readonly keyId: Buffer;
  /** Of its issuer; absent in an anchor. */
  readonly authorityKeyId?: Buffer;
};

type Facts = { -readonly [Name in keyof CertificateProfile]?: CertificateProfile[Name] };

/**
 * Reads subject and extensions of a certificate made by this authority, or of its anchor.
 *
 * @throws FormatError for anything that such a certificate never has: other attributes or
 * extensions, other criticality, other forms of a name.
 */
export function readProfile({ subject, extensions }: Certificate): CertificateProfile {
  const facts: Facts = {};
  for (const extension of extensions) {
    const known = EXTENSIONS[extension.oid];
    if (known === undefined) throw new FormatError(`unknown extension ${extension.oid}`);
    if (known.critical !== extension.critical) {
      throw new FormatError(`extension ${extension.oid} has the wrong criticality`);
    }
    known.read(extension, facts);
  }
  const { ca, keyUsage, usage = [], dns = [], ip = [], keyId, ...rest } = facts;
  if (ca === undefined || keyUsage === undefined || keyId === undefined) {
    throw new FormatError("basicConstraints, keyUsage or subjectKeyIdentifier is missing");
  }
  return { ...readSubject(subject), ca, keyUsage, usage, dns, ip, keyId, ...rest };
}

type Known = {
  readonly critical: boolean;
  readonly read: (extension: Extension, facts: Facts) => void;
};

const EXTENSIONS: Readonly<Record<string, Known>> = {
  [OID.basicConstraints]: {
    critical: true,
    read(extension, facts) {
      facts.ca = lookUp(BASIC_CONSTRAINTS, extension);
    },
  },
  [OID.keyUsage]: {
    critical: true,
    read(extension, facts) {
      facts.keyUsage = lookUp(KEY_USAGES, extension);
    },
  },
  [OID.extendedKeyUsage]: {
    critical: false,
    read(extension, facts) {
      facts.usage = readDer(extension.value, TAG.sequence, readUsages);
    },
  },
  [OID.subjectAltName]: {
    critical: false,
    read(extension, facts) {
      Object.assign(facts, readDer(extension.value, TAG.sequence, readNames));
    },
  },
  [OID.subjectKeyIdentifier]: {
    critical: false,
    read({ value }, facts) {
      const reader = new DerReader(value);
      facts.keyId = reader.content(TAG.octetString);
      reader.close();
    },
  },
  [OID.authorityKeyIdentifier]: {
    critical: false,
    read({ value }, facts) {
      facts.authorityKeyId = readDer(value, TAG.sequence, (inner) => inner.content(0x80));
    },
  },
};

/** The encodings that we make: a leaf's, and an anchor's with pathLenConstraint 0. */
const BASIC_CONSTRAINTS: Readonly<Record<string, boolean>> = {
  "3000": false,
  "30060101ff020100": true,
};

const KEY_USAGES: Readonly<Record<string, CertificateProfile["keyUsage"]>> = {
  "03020780": ["digitalSignature"],
  "030205a0": ["digitalSignature", "keyEncipherment"],
  "03020106": ["keyCertSign", "cRLSign"],
};

function lookUp<T>(table: Readonly<Record<string, T>>, { oid, value }: Extension): T {
  const found = table[value.toString("hex")];
  if (found === undefined) throw new FormatError(`extension ${oid} is none that we make`);
  return found;
}

function readUsages(reader: DerReader): CertificateProfile["usage"] {
  const usages: ("server" | "client")[] = [];
  while (!reader.done) {
    const oid = reader.oid();
    if (oid !== OID.serverAuth && oid !== OID.clientAuth) {
      throw new FormatError(`unknown extended key usage ${oid}`);
    }
    usages.push(oid === OID.serverAuth ? "server" : "client");
  }
  if (usages.length === 0) throw new FormatError("extendedKeyUsage is empty");
  return usages;
}

function readNames(reader: DerReader): Pick<CertificateProfile, "dns" | "ip"> {
  const dns: string[] = [];
  const ip: string[] = [];
  while (!reader.done) {
    if (reader.next(0x82)) dns.push(visible(reader.content(0x82).toString("latin1")));
    else ip.push(visible(formatAddress(reader.content(0x87))));
  }
  if (dns.length + ip.length === 0) throw new FormatError("subjectAltName is empty");
  return { dns, ip };
}

function visible(name: string): string {
  if (/^[\x21-\x7e]+$/.test(name)) return name;
  throw new FormatError(`not a name: ${JSON.stringify(name)}`);
}

function readSubject(subject: Buffer): Pick<CertificateProfile, "cn" | "o"> {
  const o: string[] = [];
  const cn = readDer(subject, TAG.sequence, (names) => {
    for (;;) {
      const [oid, text] = names.enter(TAG.set, (set) => set.enter(TAG.sequence, readAttribute));
      if (oid === OID.commonName) return text;
      if (oid !== OID.organization) throw new FormatError(`unknown attribute ${oid} in subject`);
      o.push(text);
    }
  });
  return { cn, o };
}

function readAttribute(attribute: DerReader): readonly [oid: string, text: string] {
  const oid = attribute.oid();
  const tag = attribute.next(TAG.printable) ? TAG.printable : TAG.utf8;
  const bytes = attribute.content(tag);
  const text = bytes.toString("utf8");
  if (Buffer.byteLength(text) === bytes.length && Buffer.from(text).equals(bytes))
    return [oid, text];
  throw new FormatError("text in subject is not UTF-8");
}
