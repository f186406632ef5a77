import { type Element, malformed, readElements } from "./ber.ts";
import { foldAscii, decodeUtf8 } from "./text.ts";

/** A value of an attribute; undefined when it is not UTF-8. */
export type Value = string | undefined;

/** An entry as the directory spells it. */
export type FoundEntry = {
  readonly dn: string;
  /** By the attribute's name in lower case, options included (`userCertificate;binary`). */
  readonly attributes: ReadonlyMap<string, readonly Value[]>;
};

/** What a result answers. */
export type Operation = "bind" | "search" | "extended";

/** What a directory sends (RFC 4511 §4). `id` is 0 for what nobody asked for. */
export type Answer = { readonly id: number } & (
  | { readonly kind: "entry"; readonly entry: FoundEntry }
  /** To other directories; not followed, therefore not kept. */
  | { readonly kind: "reference" }
  | {
      readonly kind: "result";
      readonly operation: Operation;
      /** RFC 4511 §4.1.9. */
      readonly code: number;
      /** The directory's words, for the operator. */
      readonly detail: string;
    }
);

const TAG = {
  integer: 0x02,
  octets: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
  controls: 0xa0,
  entry: 0x64,
  reference: 0x73,
} as const;

const OPERATIONS: ReadonlyMap<number, Operation> = new Map([
  [0x61, "bind"],
  [0x65, "search"],
  [0x78, "extended"],
]);

/** Characters of the directory's words that are kept. */
const LONGEST_DETAIL = 300;

/** Reads one message. @throws LdapFault for everything that a directory may not send in answer to keyserver */
export function readAnswer(message: Buffer): Answer {
  const [sequence, ...others] = readElements(message);
  if (sequence?.tag !== TAG.sequence || others.length > 0) throw malformed();
  const [first, body, ...rest] = readElements(sequence.body);
  if (body === undefined || rest.some(({ tag }) => tag !== TAG.controls)) throw malformed();
  const id = readNumber(first, TAG.integer);
  if (body.tag === TAG.entry) return { id, kind: "entry", entry: readEntry(body.body) };
  if (body.tag === TAG.reference) return { id, kind: "reference" };
  const operation = OPERATIONS.get(body.tag);
  if (operation === undefined) throw malformed();
  return { id, kind: "result", operation, ...readResult(body.body) };
}

/** A result code is there, and never guessed: what is cut off would else read as 0, success. */
function readResult(body: Buffer): { readonly code: number; readonly detail: string } {
  const [code, matched, words] = readElements(body);
  octets(matched);
  const detail = decodeUtf8(octets(words)) ?? "";
  return {
    code: readNumber(code, TAG.enumerated),
    detail: detail.replaceAll(/\p{Cc}/gu, " ").slice(0, LONGEST_DETAIL),
  };
}

function readEntry(body: Buffer): FoundEntry {
  const [name, list, ...others] = readElements(body);
  const dn = decodeUtf8(octets(name));
  if (dn === undefined || list?.tag !== TAG.sequence || others.length > 0) throw malformed();
  const attributes = new Map<string, readonly Value[]>();
  for (const item of readElements(list.body)) {
    const [type, values, ...more] = readElements(inside(item, TAG.sequence));
    const key = foldAscii(octets(type).toString("latin1"));
    if (more.length > 0 || attributes.has(key)) throw malformed();
    attributes.set(
      key,
      readElements(inside(values, TAG.set)).map((value) => decodeUtf8(octets(value))),
    );
  }
  return { dn, attributes };
}

function inside(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw malformed();
  return element.body;
}

const octets = (element: Element | undefined): Buffer => inside(element, TAG.octets);

/** A number from 0 to 2³¹-1 (RFC 4511 §4.1.1.1). */
function readNumber(element: Element | undefined, tag: number): number {
  const body = inside(element, tag);
  if (body.length === 0 || body.length > 4 || body.readInt8(0) < 0) throw malformed();
  return body.readUIntBE(0, body.length);
}
