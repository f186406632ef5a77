import { EXIT } from "../protocol/exit-codes.ts";

process.stderr.write("keyreq: error: keyreq cannot ask for a person's certificates yet\n");
process.stderr.write(
  "keyreq: hint: root on the master admits a node:  keyserver node admit NODE\n",
);
process.exitCode = EXIT.usage;
