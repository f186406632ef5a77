import { X509Certificate, type KeyObject } from "node:crypto";
import forge, { type asn1 as Asn1 } from "node-forge";

/** What goes into a PKCS#12 file. */
export type Pkcs12Content = {
  readonly key: KeyObject;
  /** PEM: the key's own, then those between it and its anchor. */
  readonly certificates: readonly string[];
  /** What a browser or a key store lists it as. */
  readonly friendlyName: string;
  readonly password: string;
  /** For programs that read 3DES and SHA-1 alone: macOS, Windows before 2019. */
  readonly legacy?: boolean;
};

/**
 * A PKCS#12 file (RFC 7292), DER: the key sealed with the password, certificates in the clear, and a
 * MAC over both.
 *
 * forge's own toPkcs12Asn1 takes RSA keys alone; of forge come ASN.1, PBES2 and the MAC's key.
 */
export function formatPkcs12(content: Pkcs12Content): Buffer {
  const strength = content.legacy === true ? LEGACY : PRESENT;
  const { certificates, password, friendlyName } = content;
  const paired = attributesOf(friendlyName);
  const bags = certificates.map((pem, at) =>
    certificateBag(new X509Certificate(pem).raw, at === 0 ? [paired] : []),
  );
  const safe = sequence(data(sequence(...bags)), data(sequence(keyBag(content, strength, paired))));
  const mac = macOf(forge.asn1.toDer(safe).getBytes(), password, strength);
  const file = sequence(integer(3), data(safe), mac);
  return Buffer.from(forge.asn1.toDer(file).getBytes(), "binary");
}

type Node = Asn1.Asn1;

/**
 * Whoever guesses passwords goes the cheaper way of the two, so that both cost about the same:
 * a third of a second. Java reads up to 5 million rounds, NSS up to 600 000.
 */
const PRESENT = {
  key: { algorithm: "aes256", prfAlgorithm: "sha256", count: 100_000, saltSize: 16 },
  mac: { digest: "sha256", size: 32, rounds: 200_000 },
} as const;
const LEGACY = {
  key: { algorithm: "3des", count: 100_000, saltSize: 16 },
  mac: { digest: "sha1", size: 20, rounds: 100_000 },
} as const;
type Strength = typeof PRESENT | typeof LEGACY;

/** RFC 7292 §4.2.2. */
function keyBag({ key, password }: Pkcs12Content, strength: Strength, attributes: Node): Node {
  const plain = key.export({ type: "pkcs8", format: "der" }).toString("binary");
  // PBES2 takes the password as UTF-8; the older scheme turns it into a BMPString itself.
  const secret = strength === PRESENT ? forge.util.encodeUtf8(password) : password;
  const sealed = forge.pki.encryptPrivateKeyInfo(forge.asn1.fromDer(plain), secret, strength.key);
  return sequence(oid("pkcs8ShroudedKeyBag"), explicit(sealed), attributes);
}

/** RFC 7292 §4.2.3. */
function certificateBag(der: Buffer, attributes: readonly Node[]): Node {
  const certificate = sequence(oid("x509Certificate"), explicit(octets(der.toString("binary"))));
  return sequence(oid("certBag"), explicit(certificate), ...attributes);
}

/** The name, and what pairs the key with its certificate (RFC 7292 §4.2). */
function attributesOf(friendlyName: string): Node {
  const name = primitive(Type.BMPSTRING, friendlyName);
  // The shorter element first, as DER wants a SET OF sorted (X.690 §11.6).
  return set(
    sequence(oid("localKeyId"), set(octets("\u0001"))),
    sequence(oid("friendlyName"), set(name)),
  );
}

/** RFC 7292 §4, Appendix B. */
function macOf(safe: string, password: string, { mac }: Strength): Node {
  const salt = forge.random.getBytesSync(16);
  const digest = forge.md[mac.digest].create();
  const saltBytes = forge.util.createBuffer(salt);
  const key = forge.pkcs12.generateKey(password, saltBytes, 3, mac.rounds, mac.size, digest);
  const hmac = forge.hmac.create();
  hmac.start(mac.digest, key);
  hmac.update(safe);
  const algorithm = sequence(oid(mac.digest), primitive(Type.NULL, ""));
  return sequence(
    sequence(algorithm, octets(hmac.getMac().getBytes())),
    octets(salt),
    integer(mac.rounds),
  );
}

// ASN.1 values; texts are binary strings, a character for each byte.

const { Class, Type } = forge.asn1;

const create = (type: Asn1.Type, parts: readonly Node[]): Node =>
  forge.asn1.create(Class.UNIVERSAL, type, true, [...parts]);

const sequence = (...parts: readonly Node[]): Node => create(Type.SEQUENCE, parts);

const set = (...parts: readonly Node[]): Node => create(Type.SET, parts);

const primitive = (type: Asn1.Type, value: string): Node =>
  forge.asn1.create(Class.UNIVERSAL, type, false, value);

const octets = (value: string): Node => primitive(Type.OCTETSTRING, value);

const integer = (value: number): Node =>
  primitive(Type.INTEGER, forge.asn1.integerToDer(value).getBytes());

const oid = (name: string): Node =>
  primitive(Type.OID, forge.asn1.oidToDer(forge.pki.oids[name] ?? "").getBytes());

const explicit = (part: Node): Node => forge.asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [part]);

/** ContentInfo of type data (RFC 5652 §4). */
const data = (content: Node): Node =>
  sequence(oid("data"), explicit(octets(forge.asn1.toDer(content).getBytes())));
