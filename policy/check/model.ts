import type { Model } from "../model.ts";
import type { Report } from "../report.ts";
import { checkDirectories } from "./directories.ts";
import { lint } from "./lint.ts";
import { checkLockout } from "./lockout.ts";
import { checkNames } from "./names.ts";
import { checkNever } from "./never.ts";

/** Checks what can only be seen on the whole policy; what follows from an error is not told as well. */
export function checkModel(model: Model, report: Report): void {
  checkNames(model, report);
  if (report.hasErrors()) return;
  checkNever(model, report);
  checkDirectories(model, report);
  checkLockout(model, report);
  if (!report.hasErrors()) lint(model, report);
}
