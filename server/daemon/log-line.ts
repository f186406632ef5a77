/** Controls beyond ASCII, DEL, marks of direction, separators and halves of characters; JSON may hold them all. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]|\p{Bidi_Control}|\p{Cs}/gu;

/**
 * A line of JSON with all that could steer the terminal on which it is read written as `\\uXXXX`; it says the same.
 * Such characters stand in strings alone, and JSON has no others there that need it (RFC 8259 §7).
 */
export const escapeLogLine = (line: string): string =>
  line.replaceAll(UNSAFE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
