import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../harness/source-tree.ts";
import { formatErrorDocument } from "./error-table.ts";
import { formatPolicyErrors } from "./policy-errors.ts";

/** `npm run documents`: writes the pages under docs/ that are made from code. */
writeFileSync(join(CHECKOUT, "docs/errors.md"), formatErrorDocument());
writeFileSync(join(CHECKOUT, "docs/policy-errors.md"), formatPolicyErrors());
