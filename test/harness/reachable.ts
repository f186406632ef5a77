import { statSync } from "node:fs";
import { dirname } from "node:path";
import { CHECKOUT } from "./source-tree.ts";

const ENTERED_BY_OTHERS = 0o001;

/** Whether users other than the checkout's owner can run its programs: not when it lies below a closed folder, as /root. */
export const CHECKOUT_IS_OPEN = isOpen(CHECKOUT);

function isOpen(folder: string): boolean {
  if ((statSync(folder).mode & ENTERED_BY_OTHERS) === 0) return false;
  return folder === "/" || isOpen(dirname(folder));
}
