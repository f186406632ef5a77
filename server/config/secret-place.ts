import { Type } from "typebox";

/** Where a secret is: the absolute path of a file, or `credential:NAME`, which systemd hands over. */
export const SecretPlace = Type.String({
  pattern: "^(?:/|credential:[A-Za-z0-9_-][A-Za-z0-9_.-]{0,100}$)",
  description: "an absolute path, or credential:NAME for a credential of systemd",
});
